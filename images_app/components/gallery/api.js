/** The REST API as this page uses it, through the client of `packages/react`. Failures are AeontelErrors. */
import { AeontelClient } from "../../../packages/react/src/client/index.ts";
import { heardTime } from "./signing.js";

/** As whom the cookie says; learns the server's time from every answer. */
export const client = new AeontelClient({
  fetch: async (input, init) => {
    const response = await fetch(input, init);
    heardTime(response.headers.get("Date"));
    return response;
  },
});

/** Told to the page when a 401 says that the session is over; SIGNED_IN is its answer. */
export const SESSION_ENDED = "aeontel:session-ended";
export const SIGNED_IN = "aeontel:signed-in";

let waiting = () => 0;

/** `count` answers how many uploads wait for the next sign-in. */
export function tellWaiting(count) {
  waiting = count;
}

export function sessionEnded() {
  window.dispatchEvent(new CustomEvent(SESSION_ENDED, { detail: { waiting: waiting() } }));
}

/** `sent`: {body, signal}. Answers null where the API has nothing to say. */
export async function request(method, path, sent) {
  try {
    return await client.request(method, path, sent);
  } catch (problem) {
    if (problem.status === 401) sessionEnded();
    throw problem;
  }
}

const EVERYTHING = "file,placeholder,variants";
const id = encodeURIComponent;
const query = (values) => new URLSearchParams(values).toString();

export const api = {
  limits: () => request("GET", "/api/limits"),
  me: () => request("GET", "/api/me"),
  image: (imageId) => request("GET", `/api/images/${id(imageId)}?include=${EVERYTHING}`),
  /** At most 100; those that are gone are left out. */
  images: async (ids) =>
    (await request("GET", `/api/images?${query({ ids: ids.join(","), include: EVERYTHING, limit: 100 })}`)).data,
  totalImages: async (workspaceId) =>
    (await request("GET", `/api/images?${query({ workspace_id: workspaceId, limit: 1 })}`)).pageInfo.total,
  removeImage: (imageId) => request("DELETE", `/api/images/${id(imageId)}`),
  file: (fileId) => request("GET", `/api/files/${id(fileId)}`),
  files: (values) => request("GET", `/api/files?${query(values)}`),
  history: (fileId) => request("GET", `/api/files/${id(fileId)}/events`),
  retryFile: (fileId) => request("POST", `/api/files/${id(fileId)}/retry`),
  trashFile: (fileId) => request("DELETE", `/api/files/${id(fileId)}`),
  restoreFile: (fileId) => request("POST", `/api/files/${id(fileId)}/restore`),
  originalUrl: (fileId) => `/api/files/${id(fileId)}/content?download=1`,
};

/** Runs `work` over `items`, a few at a time; answers [{item, value} | {item, error}] in order. */
export async function inTurn(items, work, atOnce = 6) {
  const results = new Array(items.length);
  let next = 0;
  async function lane() {
    while (next < items.length) {
      const at = next++;
      try {
        results[at] = { item: items[at], value: await work(items[at]) };
      } catch (error) {
        results[at] = { item: items[at], error };
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  return results;
}

/** What `GET /api/images/{id}` answers, as a gallery item. */
export function toItem(image) {
  return {
    id: image.id,
    fileId: image.fileId,
    name: image.file?.name ?? "",
    width: image.width,
    height: image.height,
    size: image.size,
    url: image.url,
    gridUrl: image.variants?.grid ?? image.url,
    fullUrl: image.variants?.full ?? image.url,
    thumbhash: image.placeholder?.thumbhash ?? null,
    createdAt: image.file?.createdAt ?? null,
    takenAt: image.placeholder?.takenAt ?? null,
  };
}
