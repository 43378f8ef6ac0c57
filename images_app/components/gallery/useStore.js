import { useSyncExternalStore } from "react";

const all = (state) => state;

/** `select` must return the same reference while nothing changed. */
export function useStore(store, select = all) {
  const read = () => select(store.get());
  return useSyncExternalStore(store.subscribe, read, read);
}
