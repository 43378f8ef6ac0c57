import { AeontelError } from "./error.js";

const ATTEMPTS = 3;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
const PASSING = new Set([0, 429, 502, 503, 504]);

/** Does what is safe to do again until it succeeds: after no answer, and after one that says "not now". */
export async function retrying<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof AeontelError) || !PASSING.has(error.status)) throw error;
      const wait = (error.retryAfter ?? 0) * 1000 || backOff(attempt, FIRST_WAIT_MS);
      if (wait > LONGEST_WAIT_MS) throw error;
      await sleep(wait, signal);
    }
  }
}

/** Milliseconds before the next attempt after this many failures; spread, so that many clients do not come at once. */
export const backOff = (failures: number, first: number): number =>
  Math.min(LONGEST_WAIT_MS, first * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);

/** Rejects with the signal's reason as soon as that is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
