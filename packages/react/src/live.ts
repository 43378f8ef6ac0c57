import type { Query, QueryClient } from "@tanstack/react-query";
import { type Filter, fetchPage, keys, type Pages, withImages, without, withTotal } from "./cache.js";
import type { AeontelClient } from "./client/client.js";
import type { News } from "./client/stream.js";

/** What happened to images, the last of each: whether it is there now, and in which workspace. */
type Changes = Map<string, { isThere: boolean; workspaceId: string | null; fileId: string | null }>;

/** The types of events that `keepTrue` makes something of. */
export const HEARD_OF = ["image.created", "image.deleted"];

const GATHER_MS = 100;
/** With more, reading the list again asks for less than reading each. */
const MOST = 100;

/** Keeps cached lists and images true: answers what to call with the stream's news. */
export function keepTrue(queries: QueryClient, client: AeontelClient): (news: News) => void {
  const turns = new WeakMap<Query, Promise<void>>();
  let gathered: Changes = new Map();

  /** Each list takes its changes one after the other, in the order in which they happened. */
  function inTurn(query: Query, work: () => Promise<void>): void {
    const turn = (turns.get(query) ?? Promise.resolve()).then(work).catch(() => reread(query));
    turns.set(query, turn);
  }

  const reread = (query: Query) => queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
  const cached = (queryKey: readonly unknown[]) => queries.getQueryCache().findAll({ queryKey });

  async function change(query: Query, changes: Changes): Promise<void> {
    const filter = query.queryKey[3] as Filter;
    const ours = [...changes].filter(([, { workspaceId }]) => !filter.workspaceId || workspaceId === filter.workspaceId);
    if (!ours.length) return;
    if (filter.ids || ours.length > MOST) return reread(query);
    await idle(queries, query);
    if (query.state.data === undefined) return;
    const made = ours.filter(([, { isThere }]) => isThere).map(([id]) => id);
    const gone = new Set(ours.filter(([, { isThere }]) => !isThere).map(([id]) => id));
    const fresh = made.length ? (await fetchPage(client, { ...filter, ids: made, limit: MOST }, {})).data : [];
    const { total } = (await fetchPage(client, { workspaceId: filter.workspaceId, limit: 1 }, {})).pageInfo;
    await idle(queries, query);
    queries.setQueryData<Pages>(query.queryKey, (data) => {
      const kept = without(data, ({ id }) => gone.has(id));
      return kept && withTotal(withImages(kept, fresh)[0], total);
    });
  }

  function apply(): void {
    const changes = gathered;
    gathered = new Map();
    for (const query of cached(keys.lists(client))) inTurn(query, () => change(query, changes));
    for (const query of cached(keys.images(client))) {
      const id = query.queryKey[3] as string;
      if ([...changes].some(([imageId, { fileId }]) => id === imageId || id === fileId)) void reread(query);
    }
  }

  return (news) => {
    if (news.kind !== "event") {
      for (const query of cached(keys.all(client))) {
        inTurn(query, async () => {
          await idle(queries, query);
          await reread(query);
        });
      }
      return;
    }
    const { type, imageId, workspaceId, fileId } = news.event;
    if (!imageId) return;
    if (gathered.size === 0) setTimeout(apply, GATHER_MS);
    gathered.set(imageId, { isThere: type === "image.created", workspaceId, fileId });
  };
}

/** Until a list is not being fetched: the answer of a fetch replaces whatever is put into it meanwhile. */
function idle(queries: QueryClient, query: Query): Promise<void> {
  if (query.state.fetchStatus !== "fetching") return Promise.resolve();
  return new Promise((resolve) => {
    const stop = queries.getQueryCache().subscribe((event) => {
      if (event.query !== query || (event.type !== "removed" && query.state.fetchStatus === "fetching")) return;
      stop();
      resolve();
    });
  });
}
