/**
 * Live events of one workspace, over one connection per browser.
 *
 * Browsers allow about six HTTP/1.1 connections to an origin, so the tabs elect a leader (Web Locks) which alone holds
 * the stream and tells the others (BroadcastChannel). Every tab remembers the last `seq` that it saw and goes on from
 * there when it becomes the leader. Without Web Locks each tab has its own connection.
 */
import { EventStream } from "../../../packages/react/src/client/index.ts";
import { client, sessionEnded } from "./api.js";

const open = new Map(); // workspace → what this tab has for it, however many parts of the page listen

/**
 * States: connecting, live, offline {retryAt, attempt}, expired. Each is also told as window event `aeontel:live`.
 *
 * @returns {{retry, close}}
 */
export function connect(workspaceId, listener) {
  const shared = open.get(workspaceId) ?? { listeners: new Set(), state: { state: "connecting" }, stream: null };
  open.set(workspaceId, shared);
  shared.listeners.add(listener);
  shared.stream ??= listen(workspaceId, {
    onEvent: (event) => shared.listeners.forEach(({ onEvent }) => onEvent(event)),
    onState(state) {
      shared.state = state;
      shared.listeners.forEach(({ onState }) => onState(state));
      window.dispatchEvent(new CustomEvent("aeontel:live", { detail: state }));
    },
  });
  listener.onState(shared.state);
  return {
    retry: shared.stream.retry,
    close() {
      shared.listeners.delete(listener);
      if (shared.listeners.size) return;
      shared.stream.close();
      open.delete(workspaceId);
    },
  };
}

function listen(workspaceId, { onEvent, onState }) {
  const name = `aeontel-events:${workspaceId}`;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
  const end = new AbortController();
  let state = { state: "connecting" };
  let last = 0;
  let stream = null; // while this tab leads

  /** To the other tabs; a request that outlives its page has nobody to tell. */
  function tell(message) {
    if (!end.signal.aborted) channel?.postMessage(message);
  }

  function take(event) {
    if (!(event.seq > last)) return;
    last = event.seq;
    onEvent(event);
  }

  function enter(next) {
    state = next;
    onState(next);
    if (stream) tell({ kind: "state", state: next });
  }

  /** What this person may do has changed; also told when the stream ends, which may be because of that. */
  const rights = () => window.dispatchEvent(new CustomEvent("aeontel:rights"));

  function rightsChanged() {
    rights();
    tell({ kind: "rights" });
  }

  function hear({ kind, event }) {
    if (kind === "rights") rightsChanged();
    if (kind !== "event") return;
    take(event);
    tell({ kind: "event", event });
  }

  /** A break that ends at once is none: the stream goes on where it was. */
  function follow() {
    if (end.signal.aborted) return;
    const { state: now, retryAt, failures: attempt } = stream;
    if (now === "live") return enter({ state: "live" });
    if (now !== "connecting" || state.state === "live") rightsChanged();
    if (now === "offline") enter({ state: "offline", retryAt, attempt });
    // Nothing was heard yet, so there is no place to go on from: once live, the page asks for what it may have missed.
    else if (now === "connecting" && state.state === "live" && !last) enter({ state: "connecting" });
    else if (now === "refused") {
      sessionEnded();
      enter({ state: "expired" });
    }
  }

  function lead() {
    // audit: who may see who did what sees it live.
    const which = { audit: true, workspace_id: workspaceId };
    stream = new EventStream(client, which, last ? String(last) : undefined);
    stream.listen(hear);
    stream.watch(follow);
    const letGo = stream.hold();
    return new Promise((resolve) => {
      end.signal.addEventListener("abort", () => {
        letGo();
        resolve();
      });
    });
  }

  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.kind === "event") take(data.event);
      else if (data.kind === "state" && !stream) enter(data.state);
      else if (data.kind === "hello" && stream) tell({ kind: "state", state });
      else if (data.kind === "rights") rights();
      else if (data.kind === "retry") stream?.retry();
    };
  }

  if (channel && navigator.locks) {
    navigator.locks.request(name, { signal: end.signal }, lead).catch(() => {});
    tell({ kind: "hello" });
  } else {
    lead();
  }

  return {
    retry: () => (stream ? stream.retry() : tell({ kind: "retry" })),
    close() {
      end.abort();
      channel?.close();
    },
  };
}
