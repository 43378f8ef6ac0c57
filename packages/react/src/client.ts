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
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : never;

interface Wanted<O> {
  /** Values for the `{…}` of the address. */
  path?: Record<string, string>;
  query?: Query<O> | undefined;
  signal?: AbortSignal | undefined;
}

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

  async #call<A, O>(method: string, path: string, { path: values = {}, query, signal }: Wanted<O>): Promise<A> {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
    const response = await this.send(method, filled + search(query), { Accept: "application/json" }, signal);
    const body = parsed<A & object>(await settled(response.text(), signal));
    if (body === undefined) throw new AeontelError(response.status);
    return body;
  }

  /** The answer, when it is a good one. `path` begins with `/api`. */
  async send(method: string, path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    const authorization = await this.authorization();
    const init: RequestInit = {
      method,
      headers: { ...headers, ...authorization },
      credentials: "Authorization" in authorization ? "omit" : "same-origin",
      cache: "no-store",
    };
    if (signal) init.signal = signal;
    const response = await settled(this.#fetch(this.url(path), init), signal);
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
    throw signal?.aborted ? signal.reason : new AeontelError(0, { detail: `The server did not answer: ${error}` });
  }
}

function search(query: unknown): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}
