"use client";

import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { AeontelError } from "./client/error.js";
import { useAeontel } from "./provider.js";
import type { UploadedFile } from "./client/types.js";
import { newKey, type Progress, type Upload, uploadFile } from "./client/upload.js";

type Mutation = UseMutationResult<UploadedFile, AeontelError, Upload>;

export type UploadFileResult = Mutation & {
  /** Of the last upload; null before its first byte is sent. */
  progress: (Progress & { fraction: number }) | null;
  /** Ends it; it then fails with the `AbortError` that `signal` of `fetch` gives, and is `isIdle` again. */
  cancel: () => void;
};

/**
 * `mutate({ workspaceId, file })` uploads a file, one at a time for each use of the hook: let every row of a list of
 * uploads have its own. The image appears in live lists by itself. An upload that is under way goes on when the
 * component is gone.
 */
export function useUploadFile(): UploadFileResult {
  const { client } = useAeontel();
  const [progress, setProgress] = useState<UploadFileResult["progress"]>(null);
  const under = useRef<AbortController | null>(null);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);

  const mutation: Mutation = useMutation<UploadedFile, AeontelError, Upload>({
    mutationFn: (upload) => {
      const own = new AbortController();
      under.current = own;
      setProgress(null);
      const onProgress = ({ loaded, total }: Progress) => {
        if (isHere.current && under.current === own) setProgress({ loaded, total, fraction: total ? loaded / total : 0 });
      };
      // One key for the whole of it, so that whatever is sent again makes no second file.
      const keyed = { ...upload, idempotencyKey: upload.idempotencyKey ?? newKey() };
      return uploadFile(client, keyed, { onProgress, signal: own.signal });
    },
    retry: false, // the client sends it again by itself
  });

  const { reset } = mutation;
  const cancel = useCallback(() => {
    under.current?.abort();
    under.current = null;
    setProgress(null);
    reset();
  }, [reset]);
  return { ...mutation, progress, cancel };
}
