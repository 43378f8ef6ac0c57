"use client";

import { type QueryKey, useMutation, type UseMutationResult, useQueryClient } from "@tanstack/react-query";
import { keys, lists, means, type Pages, totalOf, withImages, without, withTotal } from "./cache.js";
import type { AeontelError } from "./client/error.js";
import { useAeontel } from "./provider.js";
import type { Image } from "./client/types.js";

interface Removed {
  /** What each list had of it. */
  from: [QueryKey, Image[]][];
  /** Lists whose request was cancelled: its answer would have brought the image back. */
  interrupted: QueryKey[];
}

export type DeleteImageResult = UseMutationResult<{ success: boolean }, AeontelError, string, Removed>;

/**
 * `mutate(id)` removes an image from the gallery (`img_…`), or its file into the trash (`fil_…`). It leaves every list
 * at once, and is back where it was when the server refuses. One that is gone already stays gone.
 */
export function useDeleteImage(): DeleteImageResult {
  const { client } = useAeontel();
  const queries = useQueryClient();
  const remove = (id: string, queryKey: QueryKey) =>
    queries.setQueryData<Pages>(queryKey, (data) => without(data, (image) => means(id, image)));

  return useMutation<{ success: boolean }, AeontelError, string, Removed>({
    mutationFn: (id) => client.delete("/api/images/{id}", { path: { id } }),
    retry: false,
    onMutate: async (id) => {
      const known = lists(queries, client);
      const interrupted = known.map(([key]) => key).filter((key) => queries.isFetching({ queryKey: key, exact: true }));
      await Promise.all(interrupted.map((queryKey) => queries.cancelQueries({ queryKey, exact: true })));
      const from: Removed["from"] = [];
      for (const [key, data] of lists(queries, client)) {
        const here = data.pages.flatMap((page) => page.data).filter((image) => means(id, image));
        if (here.length) from.push([key, here]);
        remove(id, key);
      }
      return { from, interrupted };
    },
    onError: ({ status }, _id, removed) => {
      if (status === 404) return;
      for (const [key, images] of removed?.from ?? []) queries.setQueryData<Pages>(key, (data) => putBack(data, images));
    },
    onSuccess: (_answer, id) => {
      for (const [key] of lists(queries, client)) remove(id, key); // one may have been read again meanwhile
      return queries.invalidateQueries({ queryKey: keys.images(client) });
    },
    onSettled: (_answer, _error, _id, removed) => {
      for (const queryKey of removed?.interrupted ?? []) void queries.invalidateQueries({ queryKey, exact: true });
    },
  });
}

function putBack(data: Pages | undefined, images: Image[]): Pages | undefined {
  if (!data) return data;
  const [pages, added] = withImages(data, images);
  return withTotal(pages, totalOf(data.pages) + added);
}
