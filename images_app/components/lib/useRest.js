// Lists and single things of the REST API, kept true while the page is open.

import { useCallback, useEffect, useRef, useState } from "react";
import { request } from "../gallery/api.js";

const CHANGED = "aeontel:changed";
const BREATH = 300;

/** Tells every part of the page that shows it that something changed, such as "members". */
export const changed = (what) => window.dispatchEvent(new CustomEvent(CHANGED, { detail: what }));

/** Calls `again` after `changed(what)`, after a live event that `hears` says yes to, when this person's rights change,
 *  after signing in again, and when the live connection is back (what happened meanwhile was not heard). Once for many
 *  that come together. */
export function useNews(what, hears, again) {
  const now = useRef({});
  now.current = { hears, again };
  useEffect(() => {
    let timer = null;
    let wasLost = false;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        now.current.again();
      }, BREATH);
    };
    const on = {
      [CHANGED]: ({ detail }) => detail === what && soon(),
      "aeontel:event": ({ detail }) => now.current.hears(detail) && soon(),
      "aeontel:rights": soon,
      "aeontel:signed-in": soon,
      "aeontel:live": ({ detail }) => {
        if (detail?.state === "live" && wasLost) soon();
        wasLost = detail?.state !== "live";
      },
    };
    Object.entries(on).forEach(([name, listener]) => window.addEventListener(name, listener));
    return () => {
      Object.entries(on).forEach(([name, listener]) => window.removeEventListener(name, listener));
      clearTimeout(timer);
    };
  }, [what]);
}

const never = () => false;

/** One answer of the API: {value, status: loading | ready | error, error, again}. `path` null: nothing is asked. */
export function useThing(path, { what, hears = never } = {}) {
  const [state, setState] = useState({ path: null, value: null, status: "loading" });
  const asked = useRef(0);

  const again = useCallback(async () => {
    if (!path) return;
    const mine = ++asked.current;
    const [value, error] = await request("GET", path).then((answer) => [answer, null], (problem) => [null, problem]);
    if (mine !== asked.current) return; // a later question is under way
    setState((was) => {
      if (!error) return { path, value, status: "ready" };
      const kept = was.path === path && error.status !== 403 && error.status !== 404 ? was.value : null;
      return { path, value: kept, status: kept ? "ready" : "error", error };
    });
  }, [path]);

  useEffect(() => {
    again();
    return () => {
      asked.current += 1;
    };
  }, [again]);
  useNews(what, hears, again);
  return state.path === path ? { ...state, again } : { value: null, status: "loading", again };
}

const PAGES = 20;

/** Everything in a list of some hundred rows at most, page after page: {rows, status, error, again, isCut}. */
export function useList(path, { what, hears = never } = {}) {
  const [state, setState] = useState({ path: null, rows: [], status: "loading" });
  const asked = useRef(0);

  const again = useCallback(async () => {
    if (!path) return;
    const mine = ++asked.current;
    try {
      const { rows, isCut } = await everything(path);
      if (mine === asked.current) setState({ path, rows, isCut, status: "ready" });
    } catch (error) {
      if (mine !== asked.current) return;
      setState((was) => {
        const keeps = was.path === path && was.status === "ready" && error.status !== 403 && error.status !== 404;
        return keeps ? was : { path, rows: [], status: "error", error };
      });
    }
  }, [path]);

  useEffect(() => {
    again();
    return () => {
      asked.current += 1;
    };
  }, [again]);
  useNews(what, hears, again);
  return state.path === path ? { ...state, again } : { rows: [], status: "loading", again };
}

async function everything(path) {
  const rows = [];
  let after = "";
  for (let page = 0; page < PAGES; page += 1) {
    const { data, pageInfo } = await request("GET", `${path}${path.includes("?") ? "&" : "?"}limit=100${after}`);
    rows.push(...data);
    if (!pageInfo?.hasNextPage) return { rows, isCut: false };
    after = `&after=${encodeURIComponent(pageInfo.endCursor)}`;
  }
  return { rows, isCut: true };
}

/** What the API says about one field, or null. `problem`: of a refused request. */
export const faultOf = (problem, pointer) =>
  problem?.body?.errors?.find((fault) => fault.pointer === pointer)?.detail ?? null;
