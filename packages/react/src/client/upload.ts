import type { AeontelClient } from "./client.js";
import { AeontelError, failure, parsed } from "./error.js";
import { retrying } from "./retry.js";
import type { UploadedFile } from "./types.js";

/** How much of the request is sent, in bytes; a little more than the file. */
export interface Progress {
  loaded: number;
  total: number;
}

export interface Upload {
  workspaceId: string;
  file: File;
  /** The same key with the same file within a day makes one file, however often it is sent. Made here unless given. */
  idempotencyKey?: string | undefined;
}

export interface UploadOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Uploads a file; sent again by itself after no answer. Rejects with AeontelError, or with the signal's reason. */
export async function uploadFile(client: AeontelClient, upload: Upload, options: UploadOptions = {}): Promise<UploadedFile> {
  const key = upload.idempotencyKey ?? newKey();
  return retrying(async () => send(client.url("/api/files"), await client.authorization(), key, upload, options), options.signal);
}

function send(
  url: string,
  authorization: Record<string, string>,
  key: string,
  { workspaceId, file }: Upload,
  { onProgress, signal }: UploadOptions,
): Promise<UploadedFile> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("POST", url);
    for (const [name, value] of Object.entries({ ...authorization, "Idempotency-Key": key })) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = ({ loaded, total }) => onProgress?.({ loaded, total });
    request.onabort = () => reject(signal?.reason ?? new AeontelError(0));
    request.onerror = () => reject(new AeontelError(0));
    request.onload = () => {
      const { status, responseText } = request;
      const found = status === 200 || status === 201 ? parsed<UploadedFile>(responseText) : undefined;
      if (found) resolve(found);
      else reject(failure(status, responseText, (name) => request.getResponseHeader(name)));
    };
    request.onloadend = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort, { once: true });
    // The workspace first: the server then refuses whom it must before the bytes have come.
    const body = new FormData();
    body.append("workspaceId", workspaceId);
    body.append("file", file, file.name);
    request.send(body);
  });
}

/** Random, also on pages without https, where `crypto.randomUUID` is not. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
