// Lists of the REST API: page after page as they are looked at, and kept true while the page is open.

import { useCallback, useEffect, useRef, useState } from "react";
import { request } from "../gallery/api.js";
import { useNews } from "./useRest.js";

const PAGE = 100;
const NOTHING = { rows: [], next: null, total: 0, status: "loading", error: null };
const READY = { status: "ready", error: null };
const NO_QUESTION = { number: 0, isAgain: false, isMore: false };
const never = () => false;
const idOf = (row) => row.userId ?? row.id;

/** {rows, next, total, status: loading | ready | stuck | error, error, more, again}. `path` null: nothing is asked.
 *  `next` is null at the end of the list; stuck: the page after it did not come. What changes is read again as far as it
 *  was shown, or was asked for. */
export function useList(path, { what, hears = never } = {}) {
  const [list, setList] = useState({ path: null, ...NOTHING });
  const here = list.path === path ? list : { path, ...NOTHING };
  const now = useRef(here);
  now.current = here;
  const asked = useRef(NO_QUESTION);

  /** Answers what `read` brings, unless something else was asked for meanwhile. */
  const ask = useCallback(async (question, read, merged) => {
    if (!path) return;
    const number = asked.current.number + 1;
    asked.current = { ...question, number };
    const [page, error] = await read().then((found) => [found, null], (problem) => [null, problem]);
    if (number !== asked.current.number) return;
    asked.current = { ...NO_QUESTION, number };
    setList((was) => (error ? failed(was, path, error) : { ...merged(was, page), path }));
  }, [path]);

  /** From the beginning, as far as it is shown; further when a page is asked for. */
  const readAgain = useCallback((isMore) => {
    const least = now.current.rows.length + (isMore ? 1 : 0);
    ask({ isAgain: true, isMore }, () => upTo(path, least), (was, page) => {
      const isStuck = was.path === path && was.status === "stuck" && !isMore && page.next;
      return { ...page, ...(isStuck ? { status: "stuck", error: was.error } : READY) };
    });
  }, [ask, path]);

  const again = useCallback(() => readAgain(asked.current.isMore), [readAgain]);

  const more = useCallback(() => {
    const { next } = now.current;
    if (!next || asked.current.isMore) return;
    if (asked.current.isAgain) {
      readAgain(true);
      return;
    }
    ask({ isAgain: false, isMore: true }, () => read(path, next), (was, page) => {
      const known = new Set(was.rows.map(idOf));
      const fresh = page.rows.filter((row) => !known.has(idOf(row)));
      return { ...page, rows: [...was.rows, ...fresh], ...READY };
    });
  }, [ask, path, readAgain]);

  useEffect(() => {
    again();
    return () => {
      asked.current = { ...NO_QUESTION, number: asked.current.number + 1 };
    };
  }, [again]);
  useNews(what, hears, again);
  return { ...here, again, more };
}

/** One page, the first when `after` is empty. */
async function read(path, after) {
  const cursor = after ? `&after=${encodeURIComponent(after)}` : "";
  const { data, pageInfo } = await request("GET", `${path}?limit=${PAGE}${cursor}`);
  return { rows: data, next: pageInfo.hasNextPage ? pageInfo.endCursor : null, total: pageInfo.total };
}

/** The list from its beginning until `least` rows are there, or one page. */
async function upTo(path, least) {
  let page = await read(path, "");
  let { rows } = page;
  while (page.next && rows.length < least) {
    page = await read(path, page.next);
    rows = [...rows, ...page.rows];
  }
  return { ...page, rows };
}

/** What is shown stays, unless this person may no longer see it. */
function failed(was, path, error) {
  const isShown = was.path === path && was.status !== "error" && was.status !== "loading";
  if (isShown && error.status !== 403 && error.status !== 404) return { ...was, status: was.next ? "stuck" : "ready", error };
  return { path, ...NOTHING, status: "error", error };
}
