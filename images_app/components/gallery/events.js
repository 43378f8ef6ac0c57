/**
 * Live events of one workspace, over one connection per browser.
 *
 * Browsers allow about six HTTP/1.1 connections to an origin, so the tabs elect a leader (Web Locks) which alone holds
 * the EventSource and tells the others (BroadcastChannel). Every tab remembers the last `seq` that it saw and goes on
 * from there when it becomes the leader. Without Web Locks each tab has its own connection.
 */
import { request } from "./api.js";

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

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
  let source = null;
  let timer = null;
  let attempt = 0;
  let leads = false;

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
    if (leads) tell({ kind: "state", state: next });
  }

  /** What this person may do has changed; also told when the stream ends, which may be because of that. */
  const rights = () => window.dispatchEvent(new CustomEvent("aeontel:rights"));

  function start() {
    clearTimeout(timer);
    source?.close();
    // Nothing was heard yet, so there is no place to go on from: once live, the page asks for what it may have missed.
    if (!last && state.state === "live") enter({ state: "connecting" });
    const after = last ? `&after=${last}` : "";
    // audit: who may see who did what sees it live.
    source = new EventSource(`/api/events?audit=1&workspace_id=${encodeURIComponent(workspaceId)}${after}`);
    source.onopen = () => {
      attempt = 0;
      enter({ state: "live" });
    };
    source.onmessage = (message) => {
      let event;
      try {
        event = JSON.parse(message.data);
      } catch {
        return; // not one of ours
      }
      take(event);
      tell({ kind: "event", event });
    };
    source.addEventListener("rights", () => {
      rights();
      tell({ kind: "rights" });
    });
    source.onerror = () => {
      source.close(); // the browser's own retry would not tell 401 from a restart
      rights();
      tell({ kind: "rights" });
      lost();
    };
  }

  async function lost() {
    attempt += 1;
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
    const status = await request("GET", "/api/me").then(() => 200, (problem) => problem.status);
    if (end.signal.aborted) return;
    if (status === 401) return enter({ state: "expired" });
    if (attempt > 1 || status === 0) enter({ state: "offline", retryAt: Date.now() + wait, attempt });
    timer = setTimeout(start, wait);
  }

  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.kind === "event") take(data.event);
      else if (data.kind === "state" && !leads) enter(data.state);
      else if (data.kind === "hello" && leads) tell({ kind: "state", state });
      else if (data.kind === "rights") rights();
      else if (data.kind === "retry" && leads) start();
    };
  }

  function lead() {
    leads = true;
    start();
    return new Promise((resolve) => end.signal.addEventListener("abort", resolve));
  }

  if (channel && navigator.locks) {
    navigator.locks.request(name, { signal: end.signal }, lead).catch(() => {});
    tell({ kind: "hello" });
  } else {
    lead();
  }

  const retry = () => (leads ? start() : tell({ kind: "retry" }));
  const online = () => state.state === "offline" && retry();
  window.addEventListener("online", online);

  return {
    retry,
    close() {
      window.removeEventListener("online", online);
      clearTimeout(timer);
      source?.close();
      end.abort();
      channel?.close();
    },
  };
}
