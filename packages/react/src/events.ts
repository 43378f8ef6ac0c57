import type { AeontelClient } from "./client.js";
import { AeontelError, parsed } from "./error.js";
import { backOff, sleep } from "./retry.js";
import { messages } from "./sse.js";
import type { AeontelEvent } from "./types.js";

/**
 * `idle`: nobody listens. `connecting`. `live`. `offline`: tries again by itself. `refused`: the server will have
 * nothing of this token, so that trying again makes no sense.
 */
export type LiveState = "idle" | "connecting" | "live" | "offline" | "refused";

/** `missed`: something may have happened that no event tells of, so that whatever is known should be read again. */
export type News = { kind: "event"; event: AeontelEvent } | { kind: "missed" };

const HEARD_OF = ["image.created", "image.deleted"];
const FIRST_WAIT_MS = 500;
/** The server says something every 15 seconds. */
const SILENCE_MS = 45_000;

/**
 * The event stream, over `fetch`: EventSource cannot send a token. Open as long as somebody holds it; after a break it
 * goes on where it was (Last-Event-ID), so nothing is lost.
 */
export class EventStream {
  readonly #client: AeontelClient;
  readonly #listeners = new Set<(news: News) => void>();
  readonly #watchers = new Set<() => void>();
  #state: LiveState = "idle";
  #holders = 0;
  #end = new AbortController();
  #lastId: string | undefined;

  constructor(client: AeontelClient) {
    this.#client = client;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Keeps the stream open until the answer is called. */
  readonly hold = (): (() => void) => {
    if (this.#holders++ === 0) {
      this.#end = new AbortController();
      void this.#run(this.#end.signal);
    }
    return () => {
      if (--this.#holders > 0) return;
      this.#end.abort();
      this.#enter("idle");
    };
  };

  /** Calls `listener` with what is heard, until the answer is called. */
  readonly listen = (listener: (news: News) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls `watcher` when `state` has changed, until the answer is called. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  async #run(end: AbortSignal): Promise<void> {
    for (let failures = 0; !end.aborted; ) {
      this.#enter(failures ? "offline" : "connecting");
      let wasLive = false;
      try {
        await this.#read(end, () => (wasLive = true));
      } catch (error) {
        if (end.aborted) return;
        const status = error instanceof AeontelError ? error.status : 0;
        if (status >= 400 && status < 500 && status !== 429) return this.#enter("refused");
      }
      if (end.aborted) return;
      failures = wasLive ? 0 : failures + 1;
      this.#enter(failures ? "offline" : "connecting");
      await sleepOrOnline(backOff(failures + 1, FIRST_WAIT_MS), end);
    }
  }

  /** Reads one connection to its end. */
  async #read(end: AbortSignal, onLive: () => void): Promise<void> {
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
      const path = `/api/events?type=${HEARD_OF.join(",")}`;
      const response = await this.#client.send("GET", path, headers, connection.signal);
      if (!response.body) throw new AeontelError(response.status);
      onLive();
      this.#enter("live");
      // Without a place to go on from it begins now: what happened between a first answer and now was not heard.
      if (!resumed) this.#tell({ kind: "missed" });
      for await (const { event, data, id } of messages(response.body, heard)) {
        if (id) this.#lastId = id;
        if (event === "rights") this.#tell({ kind: "missed" });
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
    if (this.#state === state) return;
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
