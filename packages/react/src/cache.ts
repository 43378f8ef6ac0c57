import type { InfiniteData, QueryClient, QueryKey } from "@tanstack/react-query";
import type { AeontelClient } from "./client/client.js";
import type { Image, ImageList, Include } from "./client/types.js";

/** Which images a list has, and what of each. */
export interface Filter {
  workspaceId?: string | undefined;
  /** Only these: 1 to 100 ids of images. */
  ids?: readonly string[] | undefined;
  include?: readonly Include[] | undefined;
  /** Images of a page, at most 100. */
  limit?: number | undefined;
}

/** Where a page begins; neither: at the newest image. */
export interface PageParam {
  after?: string | undefined;
  before?: string | undefined;
}

/** `number` grows with every answer: the total of the latest one is the truth. */
export type Page = ImageList & { number: number };
export type Pages = InfiniteData<Page, PageParam>;
type Cached = Pages | undefined;

export const keys = {
  all: (client: AeontelClient) => ["aeontel", client.id] as const,
  lists: (client: AeontelClient) => ["aeontel", client.id, "images"] as const,
  list: (client: AeontelClient, filter: Filter, from?: string) =>
    ["aeontel", client.id, "images", filter, from ?? null] as const,
  images: (client: AeontelClient) => ["aeontel", client.id, "image"] as const,
  image: (client: AeontelClient, id: string, include: readonly Include[]) =>
    ["aeontel", client.id, "image", id, include] as const,
};

let answers = 0;

/** A page of a list, from the server. */
export async function fetchPage(
  client: AeontelClient,
  { workspaceId, ids, include, limit }: Filter,
  page: PageParam,
  signal?: AbortSignal,
): Promise<Page> {
  const query = {
    workspace_id: workspaceId ?? null,
    ids: ids ? [...ids] : null,
    include: include?.length ? [...include] : null,
    after: page.after ?? null,
    before: page.before ?? null,
    ...(limit !== undefined && { limit }),
  };
  const list = await client.get("/api/images", { query, signal });
  return { ...list, number: ++answers };
}

/** How many images there are, as far as is known. */
export const totalOf = (pages: readonly Page[]): number =>
  pages.reduce((latest, page) => (page.number > latest.number ? page : latest)).pageInfo.total;

/** Whether an id, of an image or of its file, means this image. */
export const means = (id: string, image: Image): boolean => image.id === id || image.fileId === id;

/** Every cached list, with its key. */
export function lists(queries: QueryClient, client: AeontelClient): [QueryKey, Pages][] {
  const found = queries.getQueriesData<Pages>({ queryKey: keys.lists(client) });
  return found.filter((entry): entry is [QueryKey, Pages] => entry[1] !== undefined);
}

/** The pages without these images, and with as many fewer in all. */
export function without(data: Cached, isGone: (image: Image) => boolean): Cached {
  if (!data) return data;
  const gone = data.pages.reduce((count, page) => count + page.data.filter(isGone).length, 0);
  if (gone === 0) return data;
  const kept = data.pages.map((page) => ({ ...page, data: page.data.filter((image) => !isGone(image)) }));
  return withTotal({ ...data, pages: kept }, totalOf(data.pages) - gone);
}

/** The pages with these images where they belong: lists are newest first, which is by id. Those that lie beyond what is
 *  loaded are left out, as their page will bring them. Says also how many came in. */
export function withImages(data: Pages, images: readonly Image[]): [Pages, number] {
  let pages = data.pages;
  let added = 0;
  for (const image of images) {
    if (pages.some((page) => page.data.some(({ id }) => id === image.id))) {
      pages = pages.map((page) => ({ ...page, data: page.data.map((old) => (old.id === image.id ? image : old)) }));
      continue;
    }
    const at = place(pages, image.id);
    if (at === undefined) continue;
    added++;
    pages = pages.map((page, number) =>
      number === at ? { ...page, data: [...page.data, image].sort((a, b) => (a.id < b.id ? 1 : -1)) } : page,
    );
  }
  return [{ ...data, pages }, added];
}

/** The number of the page that an image with this id belongs to. */
function place(pages: readonly Page[], id: string): number | undefined {
  const filled = pages.filter((page) => page.data.length > 0);
  const begins = !pages[0]?.pageInfo.hasPreviousPage;
  const ends = !pages.at(-1)?.pageInfo.hasNextPage;
  const newest = filled[0]?.data[0]?.id ?? "";
  if (id > newest && !begins) return undefined;
  const at = pages.findIndex((page) => (page.data.at(-1)?.id ?? "\uffff") < id);
  if (at >= 0) return at;
  return ends ? pages.length - 1 : undefined;
}

export function withTotal(data: Pages, total: number): Pages {
  return { ...data, pages: data.pages.map((page) => ({ ...page, pageInfo: { ...page.pageInfo, total } })) };
}
