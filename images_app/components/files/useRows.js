// The rows of one file list that this tab has: newest first, each once. The state holds only the newest page.

import { useCallback, useEffect, useRef, useState } from "react";
import { onceLive } from "../lib/live.js";

const PATIENCE = 15_000;
const BREATH = 400;
const AT_ONCE = 60;
const MOST_HEARD = 1_000;
const newestFirst = (a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

/** What an event means for a list: its row changed, it left, or there may be a new one at the top. */
const meaning = (type, show) => {
  const comes = show === "trash" ? ["file.deleted"] : ["file.ready", "file.restored"];
  const leaves = show === "trash" ? ["file.restored", "file.purged"] : ["file.deleted"];
  if (show === "failed") {
    if (type === "image.provision_failed") return "top";
    if (type === "image.provision_requested") return "leave";
  }
  if (comes.includes(type)) return "top";
  return leaves.includes(type) ? "leave" : "look";
};

/** `list` names the list that is wanted; a page `of` another one is what an earlier view left in the state. */
export function useRows({ list: wantedList, page, changed, show, onLoadPage, onLookAgain }) {
  const [list, setList] = useState({ generation: null, rows: [], next: null, status: "loading" });
  const asked = useRef({ cursor: null, timer: null });
  const now = useRef(list);
  now.current = list;
  const server = useRef({});
  server.current = { onLoadPage, onLookAgain };
  // Files that something happened to while they were not in the list: a page that is on its way may have been read before.
  const heard = useRef(new Set());

  const lookAgain = useCallback((ids) => {
    for (let at = 0; at < ids.length; at += AT_ONCE) server.current.onLookAgain(ids.slice(at, at + AT_ONCE));
  }, []);

  const ask = useCallback((cursor) => {
    if (asked.current.timer && asked.current.cursor === cursor) return;
    clearTimeout(asked.current.timer);
    const fail = () => {
      asked.current = { cursor: null, timer: null };
      setList((was) => ({ ...was, status: was.rows.length ? "stuck" : "error" }));
    };
    asked.current = { cursor, timer: setTimeout(fail, PATIENCE) };
    setList((was) => (was.status === "stuck" || was.status === "error" ? { ...was, status: was.rows.length ? "ready" : "loading" } : was));
    server.current.onLoadPage(now.current.generation ?? 0, cursor);
  }, []);

  useEffect(() => {
    if (!page?.serial || page.of !== wantedList) return;
    clearTimeout(asked.current.timer);
    asked.current = { cursor: null, timer: null };
    setList((was) => received(was, page));
    lookAgain(page.items.map((row) => row.id).filter((id) => heard.current.delete(id)));
  }, [page, wantedList, lookAgain]);

  useEffect(() => {
    if (!changed?.length) return;
    const fresh = new Map(changed.map((row) => [row.id, row]));
    setList((was) => ({ ...was, rows: was.rows.map((row) => fresh.get(row.id) ?? row) }));
  }, [changed]);

  const gone = useCallback((id) => setList((was) => ({ ...was, rows: was.rows.filter((row) => row.id !== id) })), []);
  const again = useCallback((id) => server.current.onLookAgain([id]), []);
  const top = useCallback(() => ask(""), [ask]);

  useEffect(() => {
    const wanted = new Set();
    let timer = null;
    let fromTop = false;
    const settle = () => {
      timer = null;
      const known = new Set(now.current.rows.map((row) => row.id));
      const ids = [...wanted];
      wanted.clear();
      lookAgain(ids.filter((id) => known.has(id)));
      ids.filter((id) => !known.has(id)).forEach((id) => heard.current.add(id));
      heard.current = new Set([...heard.current].slice(-MOST_HEARD));
      if (fromTop) top();
      fromTop = false;
    };
    const listen = ({ detail: { type, fileId } }) => {
      const what = meaning(type, show);
      if (what === "leave") return gone(fileId);
      if (what === "top") fromTop = true;
      else wanted.add(fileId);
      timer ??= setTimeout(settle, BREATH);
    };
    window.addEventListener("aeontel:event", listen);
    const end = onceLive(() => {
      fromTop = true;
      timer ??= setTimeout(settle, BREATH);
    });
    return () => {
      end();
      window.removeEventListener("aeontel:event", listen);
      clearTimeout(timer);
    };
  }, [show, gone, top, lookAgain]);

  useEffect(() => {
    if (show !== "trash") return undefined;
    const emptied = ({ detail }) => detail === "trash" && top();
    window.addEventListener("aeontel:changed", emptied);
    return () => window.removeEventListener("aeontel:changed", emptied);
  }, [show, top]);

  useEffect(() => {
    // Signed in again, or connected again: what was asked for meanwhile was not heard.
    const retry = () => asked.current.timer && server.current.onLoadPage(now.current.generation ?? 0, asked.current.cursor);
    window.addEventListener("aeontel:signed-in", retry);
    return () => {
      window.removeEventListener("aeontel:signed-in", retry);
      clearTimeout(asked.current.timer);
    };
  }, []);

  const more = useCallback(() => now.current.next && ask(now.current.next), [ask]);
  return { ...list, more, top, gone, again, retry: () => ask(now.current.rows.length ? (now.current.next ?? "") : "") };
}

function received(was, page) {
  if (page.error) {
    const gone = page.error === "not_found";
    return { ...was, status: was.rows.length && !gone ? "stuck" : "error" };
  }
  const isNew = page.generation !== was.generation;
  const rows = isNew ? [] : was.rows;
  if (page.cursor && isNew) return was; // a later page of a list that this view has not begun
  const fresh = new Set(page.items.map((row) => row.id));
  let kept = rows.filter((row) => !fresh.has(row.id));
  if (!page.cursor) {
    // The first page is the truth for the stretch it covers: what it lacks there is gone.
    const oldest = page.items.at(-1)?.id ?? "";
    kept = page.next ? kept.filter((row) => row.id < oldest) : [];
    const joined = rows.some((row) => fresh.has(row.id));
    if (!joined) kept = []; // so much is new that a gap lies between: start again from the top
    const next = kept.length ? was.next : page.next;
    return { generation: page.generation, rows: [...page.items, ...kept].sort(newestFirst), next, status: "ready" };
  }
  const next = page.cursor === was.next ? page.next : was.next;
  return { generation: page.generation, rows: [...kept, ...page.items].sort(newestFirst), next, status: "ready" };
}
