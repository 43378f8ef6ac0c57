// A list of files: all, those that failed, or the trash. A table on the desk, two-line rows on the phone.

import { useMemo, useState } from "react";
import { Link, useParams } from "react-router";
import { api } from "../gallery/api.js";
import { Toasts } from "../gallery/Toasts.jsx";
import { bytes } from "../gallery/words.js";
import { Broken, Face, More } from "../lib/Lists.jsx";
import { Menu } from "../lib/Menu.jsx";
import { Question } from "../lib/Question.jsx";
import { Time } from "../lib/Time.jsx";
import { daysBetween } from "../lib/time.js";
import { Download, Ellipsis, FileIcon, Files, ImageMinus, PanelRight, RotateCw, Trash2, Undo2 } from "../lib/icons.js";
import { createActions } from "./actions.js";
import { Status } from "./Status.jsx";
import { Thumb } from "./Thumb.jsx";
import { useRows } from "./useRows.js";

const HEADS = {
  files: ["Name", "Status", "Size", "Uploaded by", "Uploaded"],
  trash: ["Name", "Moved here by", "Size", "When", "Deleted for good in"],
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
        {rows.status === "error" && <Broken name="The files" onRetry={rows.retry} />}
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
        <More
          name="files" next={rows.next} shown={rows.rows.length} status={rows.status}
          onMore={rows.more} onRetry={rows.retry}
        />
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
      <div role="cell" className="soft cut on-desk" title={row.trashedBy}>{row.trashedBy}</div>
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

const EMPTY = {
  all: [Files, "No files yet", "Whatever is uploaded to this workspace is listed here, pictures or not."],
  failed: [FileIcon, "Nothing failed", "Every file that holds a picture is in the gallery or on its way."],
  trash: [Trash2, "The trash is empty", "Files that you move here can be restored until they are deleted for good."],
};

function Nothing({ show }) {
  const [icon, title, text] = EMPTY[show] ?? EMPTY.all;
  return <Face icon={icon} title={title} text={text} />;
}
