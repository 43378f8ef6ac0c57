/** When addresses run out, told by the server's clock: a computer whose own clock is wrong sees the pictures too. */
import { createStore } from "./store.js";

const NOISE = 2_000; // the header has whole seconds, and takes a while to come

/** `ahead`: how far the server's clock is ahead of this computer's, in ms. */
export const clock = createStore({ ahead: 0 });

export const serverNow = () => Date.now() + clock.get().ahead;

/** Learns from the `Date` header of an answer. */
export function heardTime(header) {
  const told = Date.parse(header ?? "");
  if (Number.isNaN(told)) return;
  const ahead = told + 500 - Date.now();
  const { ahead: before } = clock.get();
  if (Math.abs(ahead - before) > NOISE) clock.set({ ahead: Math.abs(ahead) > NOISE ? ahead : 0 });
}

/** In ms since 1970; Infinity for an address that is good for ever. */
export function endOf(url) {
  const exp = /[?&]exp=(\d+)/.exec(url);
  if (exp) return Number(exp[1]) * 1000;
  const token = /[?&]token=[^.&]+\.([^.&]+)\./.exec(url);
  return token ? endOfClaims(token[1]) : Infinity;
}

function endOfClaims(part) {
  try {
    const { exp } = JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")));
    return Number.isFinite(exp) ? exp * 1000 : Infinity;
  } catch {
    return Infinity; // not one of ours
  }
}

/** A signed address works for a while only. */
export const isSigned = ({ url }) => endOf(url) < Infinity;
