import { createStore } from "./store.js";

const STAY = 8_000;
let last = 0;

export const toasts = createStore({ list: [] });

/** Says what was done, and offers to undo it for as long as it stays. */
export function say(text, { action, bad = false } = {}) {
  const id = ++last;
  toasts.set(({ list }) => ({ list: [...list.slice(-2), { id, text, action, bad }] }));
  setTimeout(() => dismiss(id), action || bad ? STAY : STAY / 2);
}

export function dismiss(id) {
  toasts.set(({ list }) => ({ list: list.filter((toast) => toast.id !== id) }));
}
