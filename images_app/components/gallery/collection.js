/**
 * The images of one workspace that this tab has: newest first, each once.
 *
 * Server state holds only the newest page, so the pages are put together here. A page is
 * {generation, cursor, items, next, total, error?}: `cursor` is what was asked for ("" is the first page), `next` what
 * to ask for after it (null: that was the last), another `generation` means that the list has started anew.
 */
import { createStore } from "./store.js";

const PATIENCE = 15_000;

const newestFirst = (a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

export function createCollection(ask) {
  const store = createStore({ items: [], status: "loading", next: "", total: null, generation: null });
  const gone = new Set();
  const young = new Map(); // came by itself since the first page was last asked for: an answer under way knows nothing of it
  let waiting = null;
  let seen = null;

  function need(cursor = store.get().next, again = false) {
    if (cursor === null || (waiting && !again)) return;
    clearTimeout(waiting?.timer);
    if (!cursor) young.clear();
    waiting = { cursor, timer: setTimeout(() => fail(), PATIENCE) };
    if (store.get().status === "error") store.set({ status: store.get().items.length ? "ready" : "loading" });
    ask(store.get().generation ?? 0, cursor);
  }

  function settle() {
    clearTimeout(waiting?.timer);
    waiting = null;
  }

  function fail() {
    settle();
    store.set({ status: "error" });
  }

  function receive(page) {
    if (!page || page === seen || !Array.isArray(page.items)) return;
    seen = page;
    const state = store.get();
    const first = !page.cursor;
    if (page.error) return fail();
    if (state.generation === null || page.generation !== state.generation) {
      store.set({ generation: page.generation });
      settle();
      gone.clear();
      if (first) replace(page);
      else need("", true); // this tab came back to a list that is already further down
      return;
    }
    if (waiting?.cursor === (page.cursor || "")) settle();
    if (first) refresh(page);
    else merge(page.items, { ...(page.cursor === state.next ? { next: page.next ?? null } : {}) });
    if (page.total != null) store.set({ total: page.total });
  }

  function replace(page) {
    const items = withYoung(page.items).sort(newestFirst);
    store.set({ items, next: page.next ?? null, total: page.total ?? store.get().total, status: "ready" });
  }

  /** The first page again: it is the truth for the stretch that it covers. */
  function refresh(page) {
    const { items } = store.get();
    const oldest = page.items.length ? page.items[page.items.length - 1].id : "";
    const covered = (item) => !page.next || item.id >= oldest;
    const overlaps = !page.next || items.some(covered);
    if (!items.length || !overlaps) return replace(page);
    const kept = items.filter((item) => !covered(item));
    const next = kept.length ? store.get().next : (page.next ?? null);
    put([...withYoung(page.items), ...kept.filter(({ id }) => !young.has(id))], { next });
  }

  function withYoung(items) {
    const told = items.filter(({ id }) => !gone.has(id) && !young.has(id));
    return [...told, ...young.values()];
  }

  function merge(more, patch = {}) {
    const known = new Set(store.get().items.map((item) => item.id));
    const fresh = more.filter((item) => !known.has(item.id) && !gone.has(item.id));
    put(fresh.length ? [...store.get().items, ...fresh] : store.get().items, patch);
  }

  function put(items, patch = {}) {
    store.set({ items: [...items].sort(newestFirst), status: "ready", ...patch });
  }

  return {
    store,
    need,
    receive,
    /** Ask for the newest page, and again for whatever was on its way when the connection broke. */
    refresh: () => need("", true),
    retry: () => need(waiting?.cursor ?? store.get().next ?? "", true),
    insert(...more) {
      const { items, next } = store.get();
      more.forEach(({ id }) => gone.delete(id));
      const oldest = next && items.length ? items[items.length - 1].id : "";
      const here = more.filter(({ id }) => id >= oldest); // the page of an older one is still to come and will bring it
      const ids = new Set(here.map(({ id }) => id));
      here.forEach((item) => young.set(item.id, item));
      if (ids.size) put([...items.filter(({ id }) => !ids.has(id)), ...here]);
    },
    /** New addresses for images that are here; nothing comes, goes or moves. */
    readdress(more) {
      const fresh = new Map(more.map(({ id, url, gridUrl, fullUrl }) => [id, { url, gridUrl, fullUrl }]));
      const moved = (item) => (fresh.has(item.id) && fresh.get(item.id).url !== item.url ? { ...item, ...fresh.get(item.id) } : item);
      young.forEach((item, id) => young.set(id, moved(item)));
      const { items } = store.get();
      const now = items.map(moved);
      if (now.some((item, at) => item !== items[at])) store.set({ items: now });
    },
    remove(ids) {
      ids.forEach((id) => gone.add(id) && young.delete(id));
      const out = new Set(ids);
      const { items } = store.get();
      const kept = items.filter((item) => !out.has(item.id));
      if (kept.length !== items.length) store.set({ items: kept });
    },
    forgive: (id) => gone.delete(id),
    byFile: (fileId) => store.get().items.find((item) => item.fileId === fileId),
    setTotal: (total) => store.set({ total }),
    dispose: settle,
  };
}
