import { AeontelError, failure, parsed } from "./error.js";
import type { paths } from "./openapi.js";
import { retrying } from "./retry.js";

/** A bearer token, or what answers the present one whenever a request is made. */
export type Token = string | (() => string | Promise<string>);

export interface ClientOptions {
  /** Where the server is, such as `https://images.example.com`; the page's own origin unless given. */
  baseUrl?: string | undefined;
  /** Without one the browser's session cookie is used, which only the server's own origin has. */
  token?: Token | undefined;
  /** Instead of the browser's; for uploads, whose progress `fetch` does not tell, XMLHttpRequest is always used. */
  fetch?: typeof fetch | undefined;
}

type Method = "get" | "delete";
type At<M extends Method> = { [P in keyof paths]: paths[P][M] extends undefined ? never : P }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
type Answer<O> = O extends { responses: { 200: { content: { "application/json": infer A } } } } ? A : never;
/** What an operation takes in its query. */
export type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : never;

interface Wanted<O> {
  /** Values for the `{…}` of the address. */
  path?: Record<string, string>;
  query?: Query<O> | undefined;
  signal?: AbortSignal | undefined;
}

interface Sent {
  query?: object | undefined;
  headers?: Record<string, string>;
  /** Goes as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** A connection that died without a word would be waited for much longer. */
const LONGEST_MS = 30_000;

let made = 0;

/** The REST API, typed by its OpenAPI document. Every method rejects with AeontelError, or with the signal's reason. */
export class AeontelClient {
  /** Part of every query key: what one credential was answered is never shown to another. */
  readonly id = `client-${++made}`;
  readonly #baseUrl: string;
  readonly #token: () => Token | undefined;
  readonly #fetch: typeof fetch;

  constructor({ baseUrl = "", token, fetch: own }: ClientOptions = {}) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#token = () => token;
    this.#fetch = own ?? ((input, init) => fetch(input, init));
  }

  /** Asks again by itself when the server does not answer or says "not now". */
  get<P extends At<"get">>(path: P, wanted: Wanted<Operation<P, "get">> = {}): Promise<Answer<Operation<P, "get">>> {
    return retrying(() => this.#call("GET", path, wanted), wanted.signal);
  }

  /** Tried once: a second try of one that did happen would be told that there is nothing. */
  delete<P extends At<"delete">>(
    path: P,
    wanted: Wanted<Operation<P, "delete">> = {},
  ): Promise<Answer<Operation<P, "delete">>> {
    return this.#call("DELETE", path, wanted);
  }

  #call<A, O>(method: string, path: string, { path: values = {}, query, signal }: Wanted<O>): Promise<A> {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
    return this.request<A>(method, filled, { query: query ?? undefined, signal });
  }

  /** Any operation of the API, tried once: its answer; null where that has no body. `path` begins with `/api`. */
  async request<A>(method: string, path: string, { signal, headers, ...sent }: Sent = {}): Promise<A> {
    const deadline = AbortSignal.timeout(LONGEST_MS);
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
    const accept = { Accept: "application/json", ...headers };
    try {
      const response = await this.send(method, path, { ...sent, headers: accept, signal: either });
      const text = await settled(response.text(), either);
      const body = response.status === 204 ? null : parsed<A & object>(text);
      if (body === undefined) throw new AeontelError(response.status);
      return body as A;
    } catch (error) {
      throw error === deadline.reason ? new AeontelError(0, {}, { cause: error }) : error;
    }
  }

  /** The answer as it comes, when it is a good one, without any limit of time. `path` begins with `/api`. */
  async send(method: string, path: string, { query, headers, body, signal }: Sent = {}): Promise<Response> {
    const authorization = await this.authorization();
    const isOurs = "Authorization" in authorization;
    const init: RequestInit = {
      method,
      headers: { ...headers, ...(body !== undefined && { "Content-Type": "application/json" }), ...authorization },
      credentials: isOurs ? "omit" : "same-origin",
      // The browser keeps what the cookie's session was answered, and asks whether it has changed.
      cache: isOurs ? "no-store" : "default",
    };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (signal) init.signal = signal;
    const response = await settled(this.#fetch(this.url(path + search(query)), init), signal);
    if (response.ok) return response;
    throw failure(response.status, await settled(response.text(), signal), (name) => response.headers.get(name));
  }

  url(path: string): string {
    return this.#baseUrl + path;
  }

  /** The header that says who asks; nothing where that is left to the cookie. */
  async authorization(): Promise<Record<string, string>> {
    const token = this.#token();
    const secret = typeof token === "function" ? await token() : token;
    return secret ? { Authorization: `Bearer ${secret}` } : {};
  }
}

/** What the network fails with is no AeontelError yet; what was cancelled stays what it is. */
async function settled<T>(under: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await under;
  } catch (error) {
    throw signal?.aborted ? signal.reason : new AeontelError(0, {}, { cause: error });
  }
}

function search(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}
