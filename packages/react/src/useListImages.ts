"use client";

import { type InfiniteData, useInfiniteQuery, type UseInfiniteQueryResult, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { type Filter, fetchPage, keys, type Page, type PageParam, totalOf } from "./cache.js";
import type { AeontelError } from "./client/error.js";
import type { LiveState } from "./client/stream.js";
import { useAeontel, useLive } from "./provider.js";
import type { Image } from "./client/types.js";

export interface ListImagesOptions extends Filter {
  /** Begin after this cursor (`pageInfo.endCursor` of an earlier page) instead of with the newest image. */
  from?: string | undefined;
  /** Whether images that come and go do so here at once; true unless told otherwise. */
  live?: boolean | undefined;
  enabled?: boolean | undefined;
  /** Pages kept at a time; those furthest from the one asked for last are dropped. */
  maxPages?: number | undefined;
  staleTime?: number | undefined;
  refetchInterval?: number | undefined;
}

export interface ImagesSeen extends InfiniteData<Page, PageParam> {
  /** All that is loaded, newest upload first. */
  images: Image[];
  /** How many there are, loaded or not. */
  total: number;
}

export type ListImagesResult = UseInfiniteQueryResult<ImagesSeen, AeontelError> & {
  images: Image[];
  total: number | undefined;
  live: LiveState;
  /** Cancels the request that is under way; what is loaded stays. */
  cancel: () => Promise<void>;
};

const NONE: Image[] = [];

/** The images of a workspace, or of every workspace that the token reaches, page by page in both directions. */
export function useListImages(options: ListImagesOptions = {}): ListImagesResult {
  const { workspaceId, ids, include, limit, from, live = true, enabled = true, maxPages, ...times } = options;
  const { client } = useAeontel();
  const queries = useQueryClient();
  const filter: Filter = { workspaceId, ids, include, limit };
  const queryKey = keys.list(client, filter, from);
  const query = useInfiniteQuery<Page, AeontelError, ImagesSeen, typeof queryKey, PageParam>({
    queryKey,
    queryFn: ({ pageParam, signal }) => fetchPage(client, filter, pageParam, signal),
    initialPageParam: { after: from },
    getNextPageParam: ({ pageInfo }) => (pageInfo.hasNextPage ? { after: pageInfo.endCursor ?? undefined } : undefined),
    getPreviousPageParam: ({ pageInfo }) =>
      pageInfo.hasPreviousPage ? { before: pageInfo.startCursor ?? undefined } : undefined,
    select: seen,
    retry: false, // the client tries again by itself
    enabled,
    ...(maxPages !== undefined && { maxPages }),
    ...(times.staleTime !== undefined && { staleTime: times.staleTime }),
    ...(times.refetchInterval !== undefined && { refetchInterval: times.refetchInterval }),
  });
  const state = useLive(live && enabled);
  const key = JSON.stringify(queryKey);
  const cancel = useCallback(() => queries.cancelQueries({ queryKey: JSON.parse(key), exact: true }), [queries, key]);
  return { ...query, images: query.data?.images ?? NONE, total: query.data?.total, live: state, cancel };
}

const seen = (data: InfiniteData<Page, PageParam>): ImagesSeen => ({
  ...data,
  images: data.pages.flatMap((page) => page.data),
  total: totalOf(data.pages),
});
