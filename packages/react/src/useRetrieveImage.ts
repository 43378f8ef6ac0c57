"use client";

import { skipToken, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { keys } from "./cache.js";
import type { AeontelError } from "./client/error.js";
import { useAeontel, useLive } from "./provider.js";
import type { Image, Include } from "./client/types.js";

export interface RetrieveImageOptions {
  include?: readonly Include[] | undefined;
  /** Whether it is read again when it comes or goes; true unless told otherwise. */
  live?: boolean | undefined;
  staleTime?: number | undefined;
  refetchInterval?: number | undefined;
}

const NOTHING: readonly Include[] = [];

/** One image, by its own id (`img_…`) or its file's (`fil_…`). Without an id nothing is asked. */
export function useRetrieveImage(
  id: string | null | undefined,
  { include = NOTHING, live = true, ...times }: RetrieveImageOptions = {},
): UseQueryResult<Image, AeontelError> {
  const { client } = useAeontel();
  useLive(live && !!id);
  return useQuery<Image, AeontelError>({
    queryKey: keys.image(client, id ?? "", include),
    queryFn: id
      ? ({ signal }) => {
          const query = { include: include.length ? [...include] : null };
          return client.get("/api/images/{id}", { path: { id }, query, signal });
        }
      : skipToken,
    retry: false, // the client tries again by itself
    ...(times.staleTime !== undefined && { staleTime: times.staleTime }),
    ...(times.refetchInterval !== undefined && { refetchInterval: times.refetchInterval }),
  });
}
