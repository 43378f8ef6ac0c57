import type { AeontelClient, Query } from "./client.js";
import { AeontelError, parsed } from "./error.js";
import type { operations } from "./openapi.js";
import { backOff, sleep } from "./retry.js";
import { messages } from "./sse.js";
import type { AeontelEvent } from "./types.js";

/**
 * `idle`: nobody listens. `connecting`. `live`. `offline`: tries again by itself. `refused`: the server will have
 * nothing of this credential, so that trying again makes no sense.
 */
export type LiveState = "idle" | "connecting" | "live" | "offline" | "refused";

/** `missed`: something may have happened that no event tells of, so that whatever is known should be read again.
 *  `rights`: what the credential may do has changed. */
export type News = { kind: "event"; event: AeontelEvent } | { kind: "missed" } | { kind: "rights" };

const FIRST_WAIT_MS = 500;
/** The server says something every 15 seconds. */
const SILENCE_MS = 45_000;
const REFUSED = [401, 403];

/**
 * The event stream, over `fetch`: EventSource can neither send a token nor say why it failed. Open as long as somebody
 * holds it; after a break it goes on where it was (Last-Event-ID), so nothing is lost.
 */
export class EventStream {
  readonly #client: AeontelClient;
  readonly #query: Query<operations["listEvents"]>;
  readonly #listeners = new Set<(news: News) => void>();
  readonly #watchers = new Set<() => void>();
  #state: LiveState = "idle";
  #failures = 0;
  #retryAt: number | undefined;
  #holders = 0;
  #end = new AbortController();
  #lastId: string | undefined;

  /** Which events; with `lastId` (of one that was heard before) those after that, otherwise those from now on. */
  constructor(client: AeontelClient, query: Query<operations["listEvents"]> = {}, lastId?: string) {
    this.#client = client;
    this.#query = query;
    this.#lastId = lastId;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Tries in a row that did not succeed. */
  get failures(): number {
    return this.#failures;
  }

  /** When the next try is, in milliseconds since 1970; past while one is under way. */
  get retryAt(): number | undefined {
    return this.#retryAt;
  }

  /** Keeps the stream open until the answer is called. */
  readonly hold = (): (() => void) => {
    if (this.#holders++ === 0) {
      this.#failures = 0;
      this.#begin();
    }
    return () => {
      if (--this.#holders > 0) return;
      this.#end.abort();
      this.#enter("idle");
    };
  };

  /** Tries at once, also after a refusal: another credential may be there now. */
  readonly retry = (): void => {
    if (this.#holders === 0) return;
    this.#end.abort();
    this.#begin();
  };

  /** Calls `listener` with what is heard, until the answer is called. */
  readonly listen = (listener: (news: News) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls `watcher` when `state` or `retryAt` has changed, until the answer is called. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  #begin(): void {
    this.#end = new AbortController();
    if (this.#state !== "offline") this.#enter("connecting");
    void this.#run(this.#end.signal);
  }

  async #run(end: AbortSignal): Promise<void> {
    while (!end.aborted) {
      try {
        await this.#read(end);
      } catch (error) {
        if (end.aborted) return;
        if (error instanceof AeontelError && REFUSED.includes(error.status)) return this.#enter("refused");
      }
      if (end.aborted) return;
      const wait = backOff(this.#failures + 1, FIRST_WAIT_MS);
      if (this.#state === "live") this.#enter("connecting");
      else this.#lost(wait);
      await sleepOrOnline(wait, end);
    }
  }

  #lost(wait: number): void {
    this.#failures++;
    this.#retryAt = Date.now() + wait;
    this.#enter("offline");
  }

  /** Reads one connection to its end. */
  async #read(end: AbortSignal): Promise<void> {
    const connection = new AbortController();
    const abort = () => connection.abort();
    end.addEventListener("abort", abort);
    let timer = setTimeout(abort, SILENCE_MS);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, SILENCE_MS);
    };
    try {
      const resumed = this.#lastId !== undefined;
      const headers = { Accept: "text/event-stream", ...(resumed && { "Last-Event-ID": this.#lastId! }) };
      const sent = { query: this.#query, headers, signal: connection.signal };
      const response = await this.#client.send("GET", "/api/events", sent);
      if (!response.body) throw new AeontelError(response.status);
      this.#failures = 0;
      this.#enter("live");
      // Without a place to go on from it begins now: what happened between a first answer and now was not heard.
      if (!resumed) this.#tell({ kind: "missed" });
      for await (const { event, data, id } of messages(response.body, heard)) {
        if (id) this.#lastId = id;
        if (event === "rights") this.#tell({ kind: "rights" });
        const told = event === "" ? parsed<AeontelEvent>(data) : undefined;
        if (told) this.#tell({ kind: "event", event: told });
      }
    } finally {
      clearTimeout(timer);
      end.removeEventListener("abort", abort);
      abort();
    }
  }

  #tell(news: News): void {
    for (const listener of [...this.#listeners]) listener(news);
  }

  #enter(state: LiveState): void {
    if (this.#state === state && state !== "offline") return;
    this.#state = state;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Sleeps, but not on when the browser is back on the network. */
async function sleepOrOnline(ms: number, end: AbortSignal): Promise<void> {
  const early = new AbortController();
  const wake = () => early.abort();
  end.addEventListener("abort", wake);
  globalThis.addEventListener?.("online", wake);
  try {
    await sleep(ms, early.signal).catch(() => {});
  } finally {
    end.removeEventListener("abort", wake);
    globalThis.removeEventListener?.("online", wake);
  }
}
