// Things of the REST API, kept true while the page is open. Lists: useList.js.

import { useCallback, useEffect, useRef, useState } from "react";
import { request } from "../gallery/api.js";
import { onceLive } from "./live.js";

const CHANGED = "aeontel:changed";
const BREATH = 300;

/** Tells every part of the page that shows it that something changed, such as "members". */
export const changed = (what) => window.dispatchEvent(new CustomEvent(CHANGED, { detail: what }));

/** Calls `again` after `changed(what)`, after a live event that `hears` says yes to, when this person's rights change,
 *  after signing in again, and once the live connection is there. Once for many that come together. */
export function useNews(what, hears, again) {
  const now = useRef({});
  now.current = { hears, again };
  useEffect(() => {
    let timer = null;
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
    };
    Object.entries(on).forEach(([name, listener]) => window.addEventListener(name, listener));
    const end = onceLive(soon);
    return () => {
      end();
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

/** What the API says about one field, or null. `problem`: of a refused request. */
export const faultOf = (problem, pointer) =>
  problem?.errors?.find((fault) => fault.pointer === pointer)?.detail ?? null;
