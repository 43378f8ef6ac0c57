import { useEffect, useMemo, useRef, useState } from "react";
import { api, SESSION_ENDED, sessionEnded, SIGNED_IN, toItem } from "./api.js";
import { createActions } from "./actions.js";
import { createCollection } from "./collection.js";
import { connect } from "./events.js";
import { createFiles } from "./files.js";
import { createSigner } from "./signer.js";
import { createUploads } from "./uploads.js";

const BURST = 60;
const RECOUNT = 600;
const MOST = 100;

/** Everything that lives as long as the gallery of one workspace is open: images, files on their way, live events. */
export function useWorkspace(workspaceId, page, onNeedPage) {
  const ask = useRef(onNeedPage);
  ask.current = onNeedPage;
  const [live, setLive] = useState({ state: "connecting" });
  const [limits, setLimits] = useState(null);
  const most = useRef(null);
  most.current = limits?.maxFileBytes ?? null;

  const world = useMemo(() => {
    const collection = createCollection((generation, cursor) => ask.current?.(generation, cursor));
    const files = createFiles(workspaceId);
    const uploads = createUploads(workspaceId, files, { maxBytes: () => most.current });
    const recount = after(RECOUNT, () => api.totalImages(workspaceId).then(collection.setTotal, () => {}));
    const signer = createSigner(collection, (ids) => api.images(ids).then((images) => images.map(toItem)));
    const actions = createActions({ collection, files, signer, onChanged: recount });
    return { collection, files, uploads, recount, signer, actions };
  }, [workspaceId]);

  useEffect(() => world.collection.receive(page), [world, page]);

  useEffect(() => {
    const { collection, files, recount } = world;
    const created = collect(BURST, async (ids) => {
      for (let at = 0; at < ids.length; at += MOST) {
        const images = await api.images(ids.slice(at, at + MOST)).catch(() => null);
        if (images) collection.insert(...images.map(toItem));
        else collection.refresh();
      }
    });
    function onEvent(event) {
      files.onEvent(event);
      if (event.type === "image.created") created(event.imageId);
      if (event.type === "image.deleted") collection.remove([event.imageId]);
      if (event.type === "file.deleted") {
        const item = collection.byFile(event.fileId);
        if (item) collection.remove([item.id]);
      }
      if (/^image\.(created|deleted)$|^file\.deleted$/.test(event.type)) recount();
    }
    let before = null;
    function onState(next) {
      setLive(next);
      if (next.state === "expired" && before !== "expired") sessionEnded();
      if (next.state === "live" && before !== "live") {
        collection.refresh();
        recount();
        files.load().catch(() => {});
      }
      before = next.state;
    }
    const connection = connect(workspaceId, { onEvent, onState });
    world.reconnect = connection.retry;
    const ended = () => setLive({ state: "expired" });
    function signedIn() {
      connection.retry();
      world.uploads.resume();
      world.signer.wake();
    }
    window.addEventListener(SESSION_ENDED, ended);
    window.addEventListener(SIGNED_IN, signedIn);
    api.limits().then(setLimits, () => {});
    return () => {
      window.removeEventListener(SESSION_ENDED, ended);
      window.removeEventListener(SIGNED_IN, signedIn);
      connection.close();
      world.signer.dispose();
      collection.dispose();
      files.dispose();
      world.uploads.dispose();
    };
  }, [workspaceId, world]);

  return { ...world, live, limits, reconnect: () => world.reconnect?.() };
}

/** Calls `work` once, `wait` ms after the last of several calls. */
function after(wait, work) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  };
}

/** Gathers what comes in within `wait` ms and hands it over in one go. */
function collect(wait, work) {
  let pile = new Set();
  return (value) => {
    if (!pile.size)
      setTimeout(() => {
        const some = [...pile];
        pile = new Set();
        work(some);
      }, wait);
    pile.add(value);
  };
}
