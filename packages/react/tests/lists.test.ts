import { act } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { useListImages, useRetrieveImage } from "../src/index.js";
import { client, FILLED, fill, Gate, show, soon, URL_OF_SERVER, workspace } from "./support.js";

const all = async () => (await client.get("/api/images", { query: { workspace_id: FILLED } })).data;

describe("useListImages", () => {
  test("brings page after page, each image once", async () => {
    const { result } = show(() => useListImages({ workspaceId: FILLED, limit: 3, live: false }));
    expect(result.current).toMatchObject({ images: [], total: undefined, isPending: true, live: "idle" });
    await soon(() => expect(result.current.images).toHaveLength(3));
    expect(result.current).toMatchObject({ total: 7, hasNextPage: true, hasPreviousPage: false });
    await act(() => result.current.fetchNextPage());
    await soon(() => expect(result.current.images).toHaveLength(6));
    await act(() => result.current.fetchNextPage());
    await soon(() => expect(result.current.images).toHaveLength(7));
    expect(result.current.hasNextPage).toBe(false);
    expect(result.current.images).toEqual(await all());
  });

  test("begins in the middle and pages back to the newest", async () => {
    const { pageInfo } = await client.get("/api/images", { query: { workspace_id: FILLED, limit: 5 } });
    const options = { workspaceId: FILLED, limit: 2, live: false, from: pageInfo.endCursor! };
    const { result } = show(() => useListImages(options));
    await soon(() => expect(result.current.images).toHaveLength(2));
    expect(result.current).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    for (const loaded of [4, 6, 7]) {
      await act(() => result.current.fetchPreviousPage());
      await soon(() => expect(result.current.images).toHaveLength(loaded));
    }
    expect(result.current.hasPreviousPage).toBe(false);
    expect(result.current.images).toEqual(await all());
  });

  test("keeps a window of pages when asked to", async () => {
    const { result } = show(() => useListImages({ workspaceId: FILLED, limit: 2, maxPages: 2, live: false }));
    await soon(() => expect(result.current.images).toHaveLength(2));
    await act(() => result.current.fetchNextPage());
    await act(() => result.current.fetchNextPage());
    const whole = await all();
    await soon(() => expect(result.current.images).toEqual(whole.slice(2, 6)));
    await act(() => result.current.fetchPreviousPage());
    await soon(() => expect(result.current.images).toEqual(whole.slice(0, 4)));
  });

  test("has more of each image, and only some of them, when asked to", async () => {
    const [first, second] = await all();
    const ids = [second!.id, first!.id];
    const include = ["file", "variants"] as const;
    const { result } = show(() => useListImages({ ids, include, live: false }));
    await soon(() => expect(result.current.images.map(({ id }) => id)).toEqual([first!.id, second!.id]));
    expect(result.current.images[0]).toMatchObject({ file: { mime: "image/jpeg" }, variants: { grid: expect.any(String) } });
    expect(result.current.images[0]).not.toHaveProperty("placeholder");
  });

  test("can be cancelled, and keeps what it has", async () => {
    const gate = new Gate();
    const { result } = show(() => useListImages({ workspaceId: FILLED, limit: 3, live: false }), { fetch: gate.fetch });
    await soon(() => expect(result.current).toMatchObject({ isSuccess: true, isFetching: false }));
    gate.shut();
    act(() => void result.current.fetchNextPage());
    await soon(() => expect(gate.arrived).toBe(1));
    expect(result.current.isFetchingNextPage).toBe(true);
    await act(() => result.current.cancel());
    await soon(() => expect(result.current.isFetching).toBe(false));
    expect(gate.signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(result.current.images).toHaveLength(3);
    gate.open();
    await act(() => result.current.fetchNextPage());
    await soon(() => expect(result.current.images).toHaveLength(6));
  });

  test("says what is wrong with a token, once, and does not listen on", async () => {
    const { result } = show(() => useListImages(), { token: "aeo_wrong" });
    await soon(() => expect(result.current).toMatchObject({ isError: true, live: "refused" }));
    expect(result.current.error).toMatchObject({ name: "AeontelError", code: "unauthenticated", status: 401 });
    expect(result.current.error!.requestId).toBeTruthy();
  });

  test("says what is wrong with a parameter, by its name", async () => {
    const { result } = show(() => useListImages({ workspaceId: FILLED, limit: 0, live: false }));
    await soon(() => expect(result.current.isError).toBe(true));
    expect(result.current.error).toMatchObject({ status: 400, errors: [{ pointer: "limit" }] });
  });

  test("says that there is no answer", async () => {
    const props = { baseUrl: "http://127.0.0.1:9" };
    const { result } = show(() => useListImages({ live: false }), props);
    await soon(() => expect(result.current.isError).toBe(true));
    expect(result.current.error).toMatchObject({ status: 0, code: "unreachable" });
  });

  test("asks for the token whenever it needs it", async () => {
    const { TOKEN } = await import("./support.js");
    let asked = 0;
    const token = async () => (asked++, TOKEN);
    const { result } = show(() => useListImages({ workspaceId: FILLED, limit: 3, live: false }), { token });
    await soon(() => expect(result.current.images).toHaveLength(3));
    const before = asked;
    await act(() => result.current.fetchNextPage());
    expect(asked).toBe(before + 1);
  });
});

describe("useRetrieveImage", () => {
  test("takes the id of an image or of its file", async () => {
    const [image] = await all();
    for (const id of [image!.id, image!.fileId]) {
      const { result } = show(() => useRetrieveImage(id, { include: ["file"], live: false }));
      await soon(() => expect(result.current.data).toMatchObject({ id: image!.id, file: { mime: "image/jpeg" } }));
    }
  });

  test("asks nothing without an id, and says what is not there", async () => {
    const { result } = show(() => [useRetrieveImage(null), useRetrieveImage("img_01m7vpggc6e7a834dncn5fcrp4")] as const);
    await soon(() => expect(result.current[1].error).toMatchObject({ status: 404, code: "not_found" }));
    expect(result.current[0]).toMatchObject({ isPending: true, fetchStatus: "idle" });
  });

  test("notices that the image went", async () => {
    const place = await workspace("retrieve");
    const [image] = await fill(place, 1);
    const { result } = show(() => [useRetrieveImage(image!.id), useListImages({ workspaceId: place })] as const);
    await soon(() => expect(result.current[0].isSuccess && result.current[1].live === "live").toBe(true));
    await client.delete("/api/images/{id}", { path: { id: image!.fileId } });
    await soon(() => expect(result.current[0].error).toMatchObject({ status: 404 }));
    await soon(() => expect(result.current[1]).toMatchObject({ images: [], total: 0 }));
  });
});

test("the session's cookie is never sent along with a token", async () => {
  const seen: RequestInit[] = [];
  const own: typeof fetch = (input, init) => (seen.push(init!), fetch(input, init));
  const { result } = show(() => useListImages({ workspaceId: FILLED, live: false }), { fetch: own, baseUrl: `${URL_OF_SERVER}/` });
  await soon(() => expect(result.current.isSuccess).toBe(true));
  expect(new Set(seen.map(({ credentials }) => credentials))).toEqual(new Set(["omit"]));
});
