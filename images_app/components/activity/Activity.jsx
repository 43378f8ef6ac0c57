// The log of a workspace, newest first. The state holds one page; what has been shown stays here.

import { Fragment, useCallback, useEffect, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { History } from "../lib/icons.js";
import { letters } from "../lib/letters.js";
import { Broken, Face, Waiting } from "../lib/Lists.jsx";
import { Time } from "../lib/Time.jsx";
import { say } from "../lib/time.js";
import { useNews } from "../lib/useRest.js";
import { said } from "./said.js";

const PATIENCE = 15_000;

export function Activity({ kind, page, onLoadPage }) {
  const list = `${useParams().workspace_id} ${kind}`;
  const { rows, next, status, error, ask } = useLog({ list, page, onLoadPage });
  if (status === "loading") return <div className="page"><Waiting name="activity" className="activity" /></div>;
  if (status === "error") {
    const problem = error === "forbidden" ? { status: 403, message: "Only owners see who did what." } : null;
    return <div className="page"><Broken name="The activity" error={problem} onRetry={() => ask("")} /></div>;
  }
  if (!rows.length) {
    return (
      <div className="page">
        <Face
          icon={History} title="Nothing of this kind yet"
          text={`What ${kind === "tools" ? "programs do here through MCP" : "people do in this workspace"} is listed here, and stays.`}
        />
      </div>
    );
  }
  return (
    <div className="page">
      <ol className="deeds" aria-label="Activity">
        {rows.map((deed, at) => (
          <Fragment key={deed.id}>
            {dayOf(deed.at) !== dayOf(rows[at - 1]?.at) && <li className="day"><h2>{dayOf(deed.at)}</h2></li>}
            <Deed deed={deed} />
          </Fragment>
        ))}
      </ol>
      {next && (
        <div className="load-more">
          {status === "stuck" && <span className="soft">What happened before could not be loaded.</span>}
          <button type="button" className="btn line" onClick={() => ask(next)}>{status === "stuck" ? "Retry" : "Load more"}</button>
        </div>
      )}
    </div>
  );
}

function Deed({ deed }) {
  const { who, did, what, rest, note } = said(deed);
  return (
    <li>
      <span className={who ? "avatar" : "avatar none"} aria-hidden="true">{letters(who)}</span>
      <p>
        {who && <><b>{who}</b> {did} </>}
        {what && (deed.fileId ? <Link to={`/files/${deed.fileId}`}>{what}</Link> : <b>{what}</b>)}
        {rest && ` ${rest}`}
        {note && <span className="soft"> · {note}</span>}
      </p>
      <Time at={deed.at} form="clock" className="muted num" />
    </li>
  );
}

const dayOf = (at) => (at ? say(at, "dayName").said : "");

/** The rows of one list that this tab has. A page `of` another list is what an earlier view left in the state. */
function useLog({ list, page, onLoadPage }) {
  const [log, setLog] = useState({ list, rows: [], next: null, status: "loading" });
  const asked = useRef(null);
  const server = useRef(onLoadPage);
  server.current = onLoadPage;

  const ask = useCallback((cursor) => {
    clearTimeout(asked.current);
    asked.current = setTimeout(
      () => setLog((was) => ({ ...was, status: was.rows.length ? "stuck" : "error", error: null })), PATIENCE,
    );
    server.current(cursor);
  }, []);

  useEffect(() => {
    if (!page?.serial || page.of !== list) return;
    clearTimeout(asked.current);
    setLog((was) => received(was.list === list ? was : { list, rows: [], next: null }, page));
  }, [page, list]);
  useEffect(() => () => clearTimeout(asked.current), []);

  useNews("activity", () => true, () => ask(""));
  return log.list === list ? { ...log, ask } : { rows: [], next: null, status: "loading", ask };
}

function received(was, page) {
  if (page.error) {
    const isRefused = page.error === "forbidden" || page.error === "not_found";
    return was.rows.length && !isRefused
      ? { ...was, status: "stuck" }
      : { ...was, rows: [], next: null, status: "error", error: page.error };
  }
  const known = new Set(was.rows.map(({ seq }) => seq));
  const fresh = page.items.filter(({ seq }) => !known.has(seq));
  if (page.cursor) {
    // Only the page after the last one shown fits; an answer that comes twice changes nothing.
    if (page.cursor !== was.next) return { ...was, status: "ready" };
    return { ...was, rows: [...was.rows, ...fresh], next: page.next, status: "ready" };
  }
  const joins = fresh.length < page.items.length; // otherwise so much is new that a gap lies between
  if (!was.rows.length || !joins) return { ...was, rows: [...page.items], next: page.next, status: "ready" };
  return { ...was, rows: [...fresh, ...was.rows], status: "ready" };
}
