/** Sending files to /api/files. Uppy queues, sends, retries and cancels; `files.js` keeps what became of each. */
import Uppy from "@uppy/core";
import XHRUpload from "@uppy/xhr-upload";
import { ratioOfFile } from "./dimensions.js";
import { isUnsent } from "./files.js";
import { failure, newKey, parsed } from "../../../packages/react/src/client/index.ts";
import { client, sessionEnded, tellWaiting } from "./api.js";
import { UNSENT } from "./words.js";

const AT_ONCE = 4;
const LOOK_FIRST = 1_000; // ms until a server that is away is looked for again, longer each time
const LOOK_LAST = 15_000;
const PICTURE = /\.(jpe?g|jfif|png|gif|webp|avif|hei[cf]|tiff?|bmp|svg)$/i;

// Every failure is shown beside its file; the console is for faults of ours.
const QUIET = { debug() {}, warn() {}, error() {} };

const answers = () => client.request("GET", "/api/health/live").then(() => true, () => false);
const looksLikePicture = (file) => file.type.startsWith("image/") || (!file.type && PICTURE.test(file.name));
const worthAnother = ({ status }) => status === 0 || status === 429 || status === 502 || status === 503 || status === 504;

export function createUploads(workspaceId, files, { maxBytes = () => null } = {}) {
  let paused = false;
  let isAway = false; // the server: files wait for it
  let open = [];
  let started = 0;
  let isOver = false;

  const uppy = new Uppy({ autoProceed: false, allowMultipleUploadBatches: true, logger: QUIET });
  uppy.use(XHRUpload, {
    endpoint: "/api/files",
    fieldName: "file",
    allowedMetaFields: ["workspaceId"],
    limit: AT_ONCE,
    timeout: 0, // a large file on a slow line is not a fault
    // The key makes sending again safe: an upload whose answer was lost is answered with the file it made.
    headers: (file) => ({ Accept: "application/json", "Idempotency-Key": file.meta.relativePath }),
    shouldRetry: worthAnother,
    onBeforeRequest: async (_xhr, _count, [{ meta }]) => {
      while (paused || isAway) {
        if (files.get(meta.relativePath)?.status === "sending") files.patch(meta.relativePath, { status: "queued", sent: 0 });
        await new Promise((resolve) => open.push(resolve));
      }
      const entry = files.get(meta.relativePath);
      if (!entry) return new Promise(() => {}); // cancelled while it was held: never sent
      if (entry.status !== "sending") files.patch(entry.key, { status: "sending", sent: 0, at: ++started });
    },
    getResponseData: ({ responseText }) => parsed(responseText) ?? {},
  });

  uppy.on("upload-progress", (file, { bytesUploaded }) => {
    if (files.get(file.meta.relativePath)?.status === "sending")
      files.patch(file.meta.relativePath, { sent: Math.min(bytesUploaded ?? 0, file.size ?? 0) });
  });
  uppy.on("upload-success", (file, { body }) => {
    files.stored(file.meta.relativePath, body);
    uppy.removeFile(file.id);
  });
  uppy.on("upload-error", (file, error, response) => {
    if (!file) return;
    const xhr = response ?? error?.request;
    const status = xhr?.status ?? 0;
    const { code, problem } = failure(status, xhr?.responseText ?? "", (name) => xhr?.getResponseHeader?.(name) ?? null);
    // Uppy would send what it still knows as failed along with the next upload, asked or not. This also ends the xhr.
    uppy.removeFile(file.id);
    if (status === 401) {
      paused = true; // the rest waits for the next sign-in
      files.patch(file.meta.relativePath, { status: "queued", sent: 0, held: true });
      sessionEnded();
      return;
    }
    const { limit, resource, detail } = problem;
    fail(file, status, { code, limit, resource, size: file.size, message: detail || UNSENT });
  });

  /** No answer may also mean that the file itself went away since it was chosen. */
  async function fail(file, status, error) {
    const readable = await file.data.slice(0, 1).arrayBuffer().then(() => true, () => false);
    if ((!status || status >= 502) && readable && !(await answers())) {
      files.patch(file.meta.relativePath, { status: "queued", sent: 0, held: true });
      return waitForServer();
    }
    const shown = error.code === "unreachable" && !readable ? { ...error, code: "unreadable_file" } : error;
    files.patch(file.meta.relativePath, { status: "failed", sent: 0, error: shown });
  }

  /** Files that never reached a server that is away are held, and sent when it is back: nobody need ask for each. */
  async function waitForServer() {
    if (isAway) return;
    isAway = true;
    let wait = LOOK_FIRST;
    do {
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(2 * wait, LOOK_LAST);
    } while (!isOver && !(await answers()));
    isAway = false;
    if (!isOver && !paused) resume();
  }

  const start = () => uppy.upload().catch(() => {}); // each failure has its own upload-error

  async function add(list) {
    const most = maxBytes();
    const entries = [];
    for (const file of list) {
      const key = newKey();
      const entry = { key, here: true, name: file.name, size: file.size, file, isImage: looksLikePicture(file) };
      Object.assign(entry, { status: "queued", sent: 0, ratio: null, at: 0, addedAt: Date.now() });
      if (most && file.size > most) refuse(entry, { code: "file_too_large", limit: most, size: file.size });
      else if (file.size === 0) refuse(entry, { code: "empty_file" });
      else entries.push(entry);
      files.put(entry);
    }
    hand(entries);
    // Shapes first where they will be needed first; reading a few kilobytes each, a few at a time.
    for (const entry of entries) {
      if (!entry.isImage) continue;
      const ratio = await ratioOfFile(entry.file);
      if (ratio) files.patch(entry.key, { ratio });
    }
  }

  function refuse(entry, error) {
    Object.assign(entry, { status: "failed", error, refused: true });
  }

  function hand(entries) {
    uppy.addFiles(
      entries.map(({ key, name, file }) => ({
        name,
        type: file.type || "application/octet-stream",
        data: file,
        source: "page",
        meta: { workspaceId, relativePath: key }, // relativePath makes Uppy's own id unique
      })),
    );
    start();
  }

  const handle = (key) => uppy.getFiles().find((file) => file.meta.relativePath === key);

  function wake() {
    const held = open;
    open = [];
    held.forEach((resolve) => resolve());
  }

  function resume() {
    paused = false;
    wake();
    files.all().filter((entry) => entry.held).forEach(({ key }) => resend(key));
  }

  /** Send again what never reached the server, with the same key. */
  function resend(key) {
    const entry = files.get(key);
    if (!entry?.file) return;
    files.patch(key, { status: "queued", sent: 0, error: null, held: false });
    hand([entry]);
  }

  tellWaiting(() => files.all().filter(isUnsent).length);

  return {
    add,
    cancel(key) {
      const file = handle(key);
      files.remove(key);
      if (file) uppy.removeFile(file.id);
    },
    cancelAll() {
      files.all().filter(isUnsent).forEach(({ key }) => this.cancel(key));
    },
    resend,
    pause() {
      paused = true;
    },
    resume,
    dispose() {
      isOver = true;
      uppy.destroy();
    },
  };
}
