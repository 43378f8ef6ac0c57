import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AeontelClient, AeontelError, type AeontelEvent, EventStream, type News, uploadFile } from "../src/client/index.js";
import { client, fill, photo, soon, TOKEN, URL_OF_SERVER, workspace } from "./support.js";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  vi.restoreAllMocks();
});

/** What a stream tells while the test goes on. */
function heard(stream: EventStream): { news: News[]; types: () => string[] } {
  const news: News[] = [];
  stream.listen((each) => news.push(each));
  ends.push(stream.hold());
  const events = (): AeontelEvent[] => news.flatMap((each) => (each.kind === "event" ? [each.event] : []));
  return { news, types: () => events().map(({ type }) => type) };
}

describe("any operation of the API", () => {
  test("is sent with its body, and answered", async () => {
    const { id } = await client.request<{ id: string }>("POST", "/api/workspaces", { body: { name: "any" } });
    expect(id).toMatch(/^wsp_/);
    expect(await client.request("GET", `/api/workspaces/${id}/members`)).toMatchObject({ data: [{ role: "owner" }] });
  });

  test("fails with everything that the server says of it", async () => {
    const error = await client.request("POST", "/api/workspaces", { body: { name: "" } }).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(AeontelError);
    expect(error).toMatchObject({ status: 400, errors: [{ pointer: "/name" }], problem: { status: 400, title: expect.any(String) } });
  });

  test("is given up when no answer comes", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    ends.push(() => void silent.closeAllConnections(), () => void silent.close());
    await soon(() => expect(silent.listening).toBe(true));
    const real = AbortSignal.timeout.bind(AbortSignal);
    const limit = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => real(ms / 1000)); // not half a minute
    const own = new AeontelClient({ baseUrl: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` });
    const error = await own.request("GET", "/api/me").catch((found: unknown) => found);
    expect(error).toMatchObject({ status: 0, code: "unreachable", message: "The server did not answer." });
    expect(limit).toHaveBeenCalledWith(30_000);
  });

  test("ends as its caller says", async () => {
    const error = await client.request("GET", "/api/me", { signal: AbortSignal.abort("enough") }).catch((found: unknown) => found);
    expect(error).toBe("enough");
  });
});

describe("the stream", () => {
  test("begins after an event that was heard before, with those that are asked for", async () => {
    const place = await workspace("again");
    await fill(place, 1);
    const { data } = await client.get("/api/events", { query: { workspace_id: place, audit: true } });
    const made = data.find(({ type }) => type === "workspace.created")!;
    const after = heard(new EventStream(client, { workspace_id: place, audit: true }, String(made.seq)));
    const types = data.filter(({ seq }) => seq > made.seq).map(({ type }) => type);
    await soon(() => expect(after.types()).toEqual(types));
    expect(after.news.map(({ kind }) => kind)).not.toContain("missed");
    const files = heard(new EventStream(client, { workspace_id: place, type: ["file.ready"] }, String(made.seq)));
    await uploadFile(client, { workspaceId: place, file: photo() });
    await soon(() => expect(files.types()).toEqual(["file.ready", "file.ready"]));
  });

  test("stays refused until it is told to try again", async () => {
    let token = "aeo_nonsense";
    const stream = new EventStream(new AeontelClient({ baseUrl: URL_OF_SERVER, token: () => token }));
    const states: string[] = [];
    stream.watch(() => states.push(stream.state));
    ends.push(stream.hold());
    await soon(() => expect(stream.state).toBe("refused"));
    token = TOKEN;
    stream.retry();
    await soon(() => expect(stream.state).toBe("live"));
    expect(states).toEqual(["connecting", "refused", "connecting", "live"]);
  });

  test("says when it tries again", async () => {
    let isAway = true;
    const own: typeof fetch = (input, init) => fetch(isAway ? "http://127.0.0.1:9/" : input, init);
    const stream = new EventStream(new AeontelClient({ baseUrl: URL_OF_SERVER, token: TOKEN, fetch: own }));
    const tries: { at: number; failures: number }[] = [];
    stream.watch(() => stream.state === "offline" && tries.push({ at: stream.retryAt!, failures: stream.failures }));
    ends.push(stream.hold());
    await soon(() => expect(tries.length).toBeGreaterThanOrEqual(2));
    expect(tries[1]!.at).toBeGreaterThan(tries[0]!.at);
    expect(tries.map(({ failures }) => failures)).toEqual(tries.map((_, index) => index + 1));
    isAway = false;
    stream.retry();
    await soon(() => expect(stream).toMatchObject({ state: "live", failures: 0 }));
  });
});
