// A list of files: all, those that failed, or the trash. A table on the desk, two-line rows on the phone.

import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { api } from "../gallery/api.js";
import { Toasts } from "../gallery/Toasts.jsx";
import { bytes } from "../gallery/words.js";
import { Menu } from "../lib/Menu.jsx";
import { Question } from "../lib/Question.jsx";
import { Time } from "../lib/Time.jsx";
import { daysBetween } from "../lib/time.js";
import { Download, Ellipsis, FileIcon, Files, ImageMinus, PanelRight, RotateCw, Trash2, Undo2, WifiOff } from "../lib/icons.js";
import { createActions } from "./actions.js";
import { Status } from "./Status.jsx";
import { Thumb } from "./Thumb.jsx";
import { useRows } from "./useRows.js";

const HEADS = {
  files: ["Name", "Status", "Size", "Uploaded by", "Uploaded"],
  trash: ["Name", "Uploaded by", "Size", "Moved here", "Deleted for good in"],
};

export function FileList({ show, page, changed, mayWrite, onLoadPage, onLookAgain }) {
  const list = `${useParams().workspace_id} ${show}`;
  const rows = useRows({ list, page, changed, show, onLoadPage, onLookAgain });
  const { again, gone, top } = rows;
  const [question, setQuestion] = useState(null);
  const actions = useMemo(() => createActions({ again, gone, back: top, ask: setQuestion }), [again, gone, top]);
  const kind = show === "trash" ? "trash" : "files";

  return (
    <>
      <div className="page">
        {rows.status === "loading" && <Waiting />}
        {rows.status === "error" && <Broken onRetry={rows.retry} />}
        {(rows.status === "ready" || rows.status === "stuck") && !rows.rows.length && <Nothing show={show} />}
        {rows.rows.length > 0 && (
          <div className={`table ${kind}`} role="table" aria-label={kind === "trash" ? "Files in the trash" : "Files"}>
            <div className="tr head" role="row">
              {HEADS[kind].map((name) => <span key={name} role="columnheader">{name}</span>)}
              <span role="columnheader"><span className="sr">Actions</span></span>
            </div>
            {rows.rows.map((row) =>
              kind === "trash" ? (
                <Discarded key={row.id} row={row} actions={actions} mayWrite={mayWrite} />
              ) : (
                <File key={row.id} row={row} actions={actions} mayWrite={mayWrite} />
              ),
            )}
          </div>
        )}
        <More rows={rows} />
      </div>
      {question && <Question {...question} onClose={() => setQuestion(null)} />}
      <Toasts />
    </>
  );
}

const Name = ({ row, link }) => (
  <div className="name" role="cell">
    <Thumb row={row} />
    {link ? <Link className="cut" to={`/files/${row.id}`}>{row.name}</Link> : <span className="cut">{row.name}</span>}
  </div>
);

function File({ row, actions, mayWrite }) {
  return (
    <div className="tr" role="row">
      <Name row={row} link />
      <div role="cell"><Status row={row} /></div>
      <div role="cell" className="num soft end">{bytes(row.size)}</div>
      <div role="cell" className="soft cut on-desk" title={row.by}>{row.by}</div>
      <div role="cell" className="soft num on-desk"><Time at={row.createdAt} /></div>
      <div role="cell" className="acts">
        <Main row={row} actions={actions} mayWrite={mayWrite} />
        <Menu align="end" trigger={<button type="button" className="btn icon mini" aria-label={`Actions for ${row.name}`} title="Actions"><Ellipsis aria-hidden="true" /></button>} rows={menuOf(row, actions, mayWrite)} />
      </div>
    </div>
  );
}

const canRetry = (row) => row.state === "failed" && row.error?.retryable;

/** The one thing to do about a row that is not well. */
function Main({ row, actions, mayWrite }) {
  if (mayWrite && canRetry(row)) {
    return (
      <button type="button" className="btn line mini" onClick={() => actions.retry(row)}>
        <RotateCw aria-hidden="true" />
        Retry
      </button>
    );
  }
  if (mayWrite && row.state === "removed") {
    return <button type="button" className="btn line mini" onClick={() => actions.retry(row)}>Add again</button>;
  }
  if (row.state === "failed") return <a className="btn mini" href={api.originalUrl(row.id)}>Download</a>;
  return null;
}

const menuOf = (row, actions, mayWrite) => [
  { label: "Details", icon: PanelRight, to: `/files/${row.id}` },
  { label: "Download original", icon: Download, href: api.originalUrl(row.id) },
  mayWrite && canRetry(row) && { label: "Retry", icon: RotateCw, run: () => actions.retry(row) },
  mayWrite && row.state === "removed" && { label: "Add again", icon: RotateCw, run: () => actions.retry(row) },
  mayWrite && "rule",
  mayWrite && row.state === "done" && { label: "Remove from gallery", icon: ImageMinus, run: () => actions.remove(row) },
  mayWrite && { label: "Move file to trash", icon: Trash2, danger: true, run: () => actions.trash(row) },
];

function Discarded({ row, actions, mayWrite }) {
  const days = Math.max(0, daysBetween(new Date(), new Date(row.deletedAt)));
  return (
    <div className="tr" role="row">
      <Name row={row} />
      <div role="cell" className="soft cut on-desk" title={row.by}>{row.by}</div>
      <div role="cell" className="num soft end">{bytes(row.size)}</div>
      <div role="cell" className="soft num on-desk"><Time at={row.trashedAt} form="day" /></div>
      <div role="cell" className={`num ${days <= 3 ? "wait" : "soft"}`}>
        {days === 1 ? "1 day" : `${days} days`}<span className="on-phone"> left</span>
      </div>
      <div role="cell" className="acts">
        {mayWrite && (
          <button type="button" className="btn line mini" onClick={() => actions.restore(row)}>
            <Undo2 aria-hidden="true" />
            Restore
          </button>
        )}
        {mayWrite && (
          <Menu
            align="end" rows={[{ label: "Delete for good", icon: Trash2, danger: true, opens: true, run: () => actions.purge(row) }]}
            trigger={<button type="button" className="btn icon mini" aria-label={`Actions for ${row.name}`} title="Actions"><Ellipsis aria-hidden="true" /></button>}
          />
        )}
      </div>
    </div>
  );
}

function Waiting() {
  return (
    <div className="table" role="status" aria-busy="true" aria-label="Loading files">
      {[38, 52, 30, 44, 60, 34, 48].map((width) => (
        <div key={width} className="tr breathing" aria-hidden="true">
          <div className="name"><span className="thumb" /><i className="line" style={{ width: `${width * 3}px` }} /></div>
        </div>
      ))}
    </div>
  );
}

function Broken({ onRetry }) {
  return (
    <div className="face" role="alert">
      <div className="in">
        <span className="glyph"><WifiOff aria-hidden="true" /></span>
        <h2>The files could not be loaded</h2>
        <p>Your files are safe. The server did not answer this time.</p>
        <div className="do">
          <button type="button" className="btn ink" onClick={onRetry}><RotateCw aria-hidden="true" />Try now</button>
        </div>
      </div>
    </div>
  );
}

const EMPTY = {
  all: [Files, "No files yet", "Whatever is uploaded to this workspace is listed here, pictures or not."],
  failed: [FileIcon, "Nothing failed", "Every file that holds a picture is in the gallery or on its way."],
  trash: [Trash2, "The trash is empty", "Files that you move here can be restored until they are deleted for good."],
};

function Nothing({ show }) {
  const [Icon, title, text] = EMPTY[show] ?? EMPTY.all;
  return (
    <div className="face">
      <div className="in">
        <span className="glyph"><Icon aria-hidden="true" /></span>
        <h2>{title}</h2>
        <p>{text}</p>
      </div>
    </div>
  );
}

/** Asks for the next page as its place comes near; a button for who moves by keyboard, and after a failure. */
function More({ rows }) {
  const ref = useRef(null);
  const { more, next, status } = rows;
  useEffect(() => {
    if (!next || status !== "ready") return undefined;
    const near = new IntersectionObserver(([entry]) => entry.isIntersecting && more(), { rootMargin: "600px" });
    near.observe(ref.current);
    return () => near.disconnect();
  }, [next, status, more]);
  if (!next) return null;
  return (
    <div ref={ref} className="load-more">
      {status === "stuck" && <span className="soft">The next files could not be loaded.</span>}
      <button type="button" className="btn line" onClick={status === "stuck" ? rows.retry : more}>
        {status === "stuck" ? "Retry" : "Load more"}
      </button>
    </div>
  );
}
