import { act } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { uploadFile, useDeleteImage, useListImages, useUploadFile } from "../src/index.js";
import { client, fill, Gate, NO_DELETE, photo, show, soon, TOKEN, URL_OF_SERVER, workspace } from "./support.js";

const files = async (place: string) => {
  const answer = await fetch(`${URL_OF_SERVER}/api/files?workspace_id=${place}`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  return ((await answer.json()) as { pageInfo: { total: number } }).pageInfo.total;
};

describe("a live list", () => {
  test("shows what is uploaded and loses what is removed, through one stream for all hooks", async () => {
    const place = await workspace("live");
    let streams = 0;
    const own: typeof fetch = (input, init) => {
      if (String(input).includes("/api/events")) streams++;
      return fetch(input, init);
    };
    const hooks = () => [useListImages({ workspaceId: place }), useListImages({ include: ["file"] }), useUploadFile()] as const;
    const { result } = show(hooks, { fetch: own });
    await soon(() => expect(result.current[0]).toMatchObject({ live: "live", isSuccess: true, total: 0 }));
    await soon(() => expect(result.current[1]).toMatchObject({ isSuccess: true, isFetching: false }));
    const opened = streams;
    expect(opened).toBeLessThanOrEqual(2); // strict mode opens the first one twice
    const everywhere = result.current[1].total!;
    const [first, second] = [photo(), photo()];
    await act(() => result.current[2].mutateAsync({ workspaceId: place, file: first }));
    await soon(() => expect(result.current[0]).toMatchObject({ images: [{ workspaceId: place }], total: 1 }));
    await act(() => result.current[2].mutateAsync({ workspaceId: place, file: second }));
    await soon(() => expect(result.current[0]).toMatchObject({ total: 2 }));
    await soon(() => expect(result.current[1].images[0]).toMatchObject({ file: { name: second.name } }));
    await soon(() => expect(result.current[1].total).toBe(everywhere + 2));
    const { data } = await client.get("/api/images", { query: { workspace_id: place } });
    expect(result.current[0].images).toEqual(data);
    await client.delete("/api/images/{id}", { path: { id: data[1]!.id } });
    await soon(() => expect(result.current[0]).toMatchObject({ images: [{ id: data[0]!.id }], total: 1 }));
    expect(streams).toBe(opened);
  });

  test("does not lose an image that comes while a page is being fetched", async () => {
    const place = await workspace("meanwhile");
    await fill(place, 3);
    const gate = new Gate();
    const hooks = () =>
      [useListImages({ workspaceId: place, limit: 2 }), useListImages({ workspaceId: place, include: ["file"] })] as const;
    const { result } = show(hooks, { fetch: gate.fetch });
    await soon(() => expect(result.current[0]).toMatchObject({ live: "live", total: 3, isFetching: false }));
    gate.shut((_, url) => url.includes("after="));
    act(() => void result.current[0].fetchNextPage());
    await soon(() => expect(gate.arrived).toBe(1));
    await uploadFile(client, { workspaceId: place, file: photo() });
    await soon(() => expect(result.current[1].images).toHaveLength(4)); // so the news has been heard
    gate.open();
    await soon(() => expect(result.current[0].images).toHaveLength(4));
    const { data } = await client.get("/api/images", { query: { workspace_id: place } });
    expect(result.current[0]).toMatchObject({ images: data, total: 4 });
  });

  test("goes on after a break where it was", async () => {
    const place = await workspace("break");
    const held: (string | undefined)[] = [];
    let cut = new AbortController();
    const own: typeof fetch = (input, init) => {
      if (!String(input).includes("/api/events")) return fetch(input, init);
      held.push((init?.headers as Record<string, string>)["Last-Event-ID"]);
      cut = new AbortController();
      return fetch(input, { ...init!, signal: AbortSignal.any([init!.signal!, cut.signal]) });
    };
    const { result } = show(() => useListImages({ workspaceId: place }), { fetch: own });
    await soon(() => expect(result.current).toMatchObject({ live: "live", isSuccess: true }));
    await uploadFile(client, { workspaceId: place, file: photo() });
    await soon(() => expect(result.current.images).toHaveLength(1));
    const before = held.length;
    act(() => cut.abort());
    await fill(place, 1, 1);
    await soon(() => expect(result.current.images).toHaveLength(2));
    await soon(() => expect(held.length).toBeGreaterThan(before));
    expect(held.at(-1)).toMatch(/^[0-9]+$/);
  });
});

describe("useDeleteImage", () => {
  test("an image leaves every list at once, before the server has answered", async () => {
    const place = await workspace("optimistic");
    const [oldest, middle, newest] = await fill(place, 3);
    const gate = new Gate();
    const hooks = () =>
      [useListImages({ workspaceId: place, live: false }), useListImages({ workspaceId: place, limit: 2, live: false }), useDeleteImage()] as const;
    const { result } = show(hooks, { fetch: gate.fetch });
    await soon(() => expect([result.current[0].total, result.current[1].total]).toEqual([3, 3]));
    gate.shut((method) => method === "DELETE");
    act(() => result.current[2].mutate(middle!.id));
    await soon(() => expect(gate.arrived).toBe(1));
    await soon(() => expect(result.current[0].images.map(({ id }) => id)).toEqual([newest!.id, oldest!.id]));
    expect(result.current[1].images.map(({ id }) => id)).toEqual([newest!.id]);
    expect([result.current[0].total, result.current[1].total]).toEqual([2, 2]);
    gate.open();
    await soon(() => expect(result.current[2].isSuccess).toBe(true));
    expect(result.current[0].images).toHaveLength(2);
    expect(await files(place)).toBe(3);
  });

  test("it is back in its place when the server refuses", async () => {
    const place = await workspace("rollback");
    const images = await fill(place, 3);
    const gate = new Gate();
    const hooks = () => [useListImages({ workspaceId: place, live: false }), useDeleteImage()] as const;
    const { result } = show(hooks, { fetch: gate.fetch, token: NO_DELETE });
    await soon(() => expect(result.current[0].images).toHaveLength(3));
    const before = result.current[0].images;
    gate.shut((method) => method === "DELETE");
    act(() => result.current[1].mutate(images[1]!.fileId));
    await soon(() => expect(result.current[0]).toMatchObject({ total: 2, images: [{}, {}] }));
    gate.open();
    await soon(() => expect(result.current[1].error).toMatchObject({ status: 403, code: "forbidden" }));
    await soon(() => expect(result.current[0].images).toEqual(before));
    expect(result.current[0].total).toBe(3);
  });

  test("one that is gone already stays gone", async () => {
    const place = await workspace("gone");
    const [image] = await fill(place, 1);
    const { result } = show(() => [useListImages({ workspaceId: place, live: false }), useDeleteImage()] as const);
    await soon(() => expect(result.current[0].images).toHaveLength(1));
    await client.delete("/api/images/{id}", { path: { id: image!.id } });
    act(() => result.current[1].mutate(image!.id));
    await soon(() => expect(result.current[1].error).toMatchObject({ status: 404 }));
    expect(result.current[0]).toMatchObject({ images: [], total: 0 });
  });
});

describe("useUploadFile", () => {
  test("tells how far it is", async () => {
    const place = await workspace("progress");
    const told: number[] = [];
    const { result } = show(() => {
      const upload = useUploadFile();
      if (upload.progress) told.push(upload.progress.fraction);
      return upload;
    });
    expect(result.current.progress).toBeNull();
    const file = new File([new Uint8Array(20_000_000)], "zeros.bin", { type: "application/octet-stream" });
    const made = await act(() => result.current.mutateAsync({ workspaceId: place, file }));
    expect(made).toMatchObject({ name: "zeros.bin", size: 20_000_000, workspaceId: place });
    await soon(() => expect(result.current.progress).toMatchObject({ fraction: 1 }));
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  test("with one key makes one file, however often it is sent", async () => {
    const place = await workspace("once");
    const { result } = show(() => useUploadFile());
    const upload = { workspaceId: place, file: photo(), idempotencyKey: `test-${place}` };
    const first = await act(() => result.current.mutateAsync(upload));
    const second = await act(() => result.current.mutateAsync(upload));
    expect(second.id).toBe(first.id);
    expect(await files(place)).toBe(1);
  });

  test("can be cancelled, and leaves nothing", async () => {
    const place = await workspace("cancel");
    const { result } = show(() => useUploadFile());
    const file = new File([new Uint8Array(50_000_000)], "large.bin");
    let failed: unknown;
    act(() => {
      result.current.mutateAsync({ workspaceId: place, file }).catch((error: unknown) => (failed = error));
    });
    await soon(() => expect(result.current.isPending).toBe(true));
    act(() => result.current.cancel());
    await soon(() => expect(failed).toMatchObject({ name: "AbortError" }));
    await soon(() => expect(result.current).toMatchObject({ isIdle: true, progress: null }));
    expect(await files(place)).toBe(0);
  });

  test("says what the server says", async () => {
    const { result } = show(() => useUploadFile());
    act(() => result.current.mutate({ workspaceId: "wsp_01m7vpggc6e7a834dncn5fcrp4", file: photo() }));
    await soon(() => expect(result.current.error).toMatchObject({ status: 404, code: "not_found" }));
  });
});
