/**
 * What happens to each file until it is in the gallery: sent from here, or learned from the server.
 *
 * An entry: {key, here, name, size, isImage, ratio, status, sent, error, nextAttemptAt, fileId, at, file?}
 * status: queued → sending → processing ⇄ waiting → done | failed | stored (kept, not a picture). `here`: added in this
 * tab, so it has a row in the upload panel. `placed`: its tile stands where its id belongs. A failed entry without `fileId` never reached the server.
 */
import { api } from "./api.js";
import { createStore } from "./store.js";

const BREATH = 100;
const LOOK_AGAIN = 10_000;

export const isPending = ({ status }) => status === "processing" || status === "waiting";
export const isUnsent = ({ status }) => status === "queued" || status === "sending";

/** What the answer of the file route means for an entry. */
export function standing(file) {
  const { provisioning, status, error } = file;
  if (status === "error" || provisioning.state === "failed")
    return { status: "failed", error: { ...error, attempts: provisioning.attempt } };
  if (provisioning.state === "waiting") return { status: "waiting", nextAttemptAt: provisioning.nextAttemptAt };
  if (provisioning.state === "pending" || provisioning.state === "running") return { status: "processing" };
  return provisioning.state === "done" ? { status: "done" } : { status: "stored" };
}

export function createFiles(workspaceId) {
  const entries = new Map();
  const byFile = new Map();
  const early = new Map(); // events that overtook the answer to the upload
  const store = createStore({ entries: [], byKey: new Map() });
  let timer = null;
  let watch = null;

  // Two hundred files report progress many times a second; the page is told ten times a second.
  function changed() {
    timer ??= setTimeout(() => {
      timer = null;
      store.set({ entries: [...entries.values()], byKey: new Map(entries) });
    }, BREATH);
  }

  function put(entry) {
    entries.set(entry.key, entry);
    if (entry.fileId) byFile.set(entry.fileId, entry.key);
    if (isPending(entry)) watch ??= setTimeout(lookAgain, LOOK_AGAIN);
    changed();
  }

  function patch(key, changes) {
    const entry = entries.get(key);
    if (!entry) return;
    put({ ...entry, ...changes });
  }

  function remove(key) {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    if (entry.fileId) byFile.delete(entry.fileId);
    changed();
  }

  function ofFile(fileId) {
    return entries.get(byFile.get(fileId));
  }

  /** The upload was answered: from here on events speak for it. */
  function stored(key, file) {
    const overtaken = early.get(file.id);
    early.delete(file.id);
    patch(key, { fileId: file.id, sent: file.size, error: null, ...standing(file), ...overtaken });
  }

  /** A failed or retried file that this tab did not send; `known` is what is known of its picture. */
  function adopt(file, known = {}) {
    if (byFile.has(file.id)) return patch(byFile.get(file.id), standing(file));
    const { id: fileId, name, size } = file;
    const entry = { key: fileId, here: false, name, size, isImage: true, ratio: null, at: 0, sent: size, fileId };
    put({ ...entry, ...known, ...standing(file) });
  }

  function onEvent({ type, fileId, data }) {
    const changes = {
      "image.provision_requested": { status: "processing", error: null, nextAttemptAt: null },
      "image.provision_retrying": { status: "waiting", error: data, nextAttemptAt: data?.nextAttemptAt },
      "image.created": { status: "done", error: null },
      "image.provision_failed": { status: "failed", error: data },
    }[type];
    if (type === "file.deleted") return remove(byFile.get(fileId));
    if (!changes || !fileId) return;
    const entry = ofFile(fileId);
    if (entry) {
      if (type === "image.created" && !entry.here) remove(entry.key);
      else patch(entry.key, changes);
    } else if ([...entries.values()].some(isUnsent)) {
      early.set(fileId, changes);
      if (early.size > 500) early.delete(early.keys().next().value);
    }
    if (!entry && (type === "image.provision_failed" || type === "image.provision_retrying")) learn([fileId]);
  }

  async function learn(ids) {
    const { data } = await api.files({ workspace_id: workspaceId, ids: ids.join(","), limit: 100 }).catch(() => ({ data: [] }));
    data.filter((file) => standing(file).status !== "done").forEach((file) => adopt(file));
  }

  /** Events are the news; this is the proof, for when one got lost. */
  async function lookAgain() {
    watch = null;
    const open = [...entries.values()].filter((entry) => isPending(entry) && entry.fileId).slice(0, 100);
    if (!open.length) return;
    const ids = open.map((entry) => entry.fileId).join(",");
    const { data } = await api.files({ workspace_id: workspaceId, ids, limit: 100 }).catch(() => ({ data: [] }));
    data.forEach((file) => patch(byFile.get(file.id), standing(file)));
    watch ??= setTimeout(lookAgain, LOOK_AGAIN);
  }

  return {
    store,
    put,
    patch,
    remove,
    stored,
    adopt,
    onEvent,
    get: (key) => entries.get(key),
    all: () => [...entries.values()],
    /** What failed earlier is shown with its reason until someone deals with it; what is on its way, in its place. */
    async load() {
      const of = (more) => api.files({ workspace_id: workspaceId, ...more }).then(({ data }) => data);
      const [failed, newest] = await Promise.all([of({ status: "error", limit: 50 }), of({ limit: 100 })]);
      failed.forEach((file) => adopt(file));
      newest
        .filter((file) => isPending(standing(file)))
        .forEach((file) => adopt(file, { placed: true, createdAt: file.createdAt }));
    },
    dispose() {
      clearTimeout(timer);
      clearTimeout(watch);
    },
  };
}
