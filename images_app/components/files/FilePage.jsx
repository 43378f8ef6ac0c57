// One file: where it stands, what happened to it, and what can be done about it.

import { useEffect, useMemo, useRef } from "react";
import { Link, useNavigate } from "react-router";
import { api } from "../gallery/api.js";
import { copy } from "../gallery/actions.js";
import { Toasts } from "../gallery/Toasts.jsx";
import { bytes } from "../gallery/words.js";
import { onceLive } from "../lib/live.js";
import { Time } from "../lib/Time.jsx";
import { ChevronRight, CircleAlert, Copy, Download, ImageMinus, RotateCw, Trash2, Undo2 } from "../lib/icons.js";
import { createActions } from "./actions.js";
import { Happenings } from "./Happenings.jsx";
import { Rail } from "./Rail.jsx";
import { reasonOf } from "./reason.js";
import { Status } from "./Status.jsx";
import { useAddress } from "./useAddress.js";

export function FilePage({ row, history, mayWrite, place, onLookAgain }) {
  const navigate = useNavigate();
  const look = useRef(onLookAgain);
  look.current = onLookAgain;
  const id = row?.id;

  useEffect(() => {
    const listen = ({ detail }) => detail.fileId === id && look.current();
    window.addEventListener("aeontel:event", listen);
    const end = onceLive(() => look.current());
    return () => {
      end();
      window.removeEventListener("aeontel:event", listen);
    };
  }, [id]);

  const actions = useMemo(
    () => createActions({ again: () => look.current(), gone: () => navigate(`/w/${place}/files`), back: (back) => navigate(`/files/${back}`) }),
    [navigate, place],
  );

  if (!row) return <div className="page" role="status" aria-busy="true" aria-label="Loading the file" />;
  const isPicture = row.state !== "none";
  const retryable = row.state === "failed" && row.error?.retryable;
  return (
    <>
      <header className="top">
        <nav className="crumb grow" aria-label="Where this is">
          <Link to={`/w/${place}/files`}>Files</Link>
          <ChevronRight className="small" aria-hidden="true" />
          <h1 className="cut" title={row.name}>{row.name}</h1>
        </nav>
        <Doings row={row} actions={actions} mayWrite={mayWrite} className="on-desk" />
      </header>
      <div className="page">
        <div className="two">
          <div className="stack">
            {row.state === "failed" && (
              <div className="callout" role="alert">
                <CircleAlert aria-hidden="true" />
                <div>
                  <b>Stored, but not in the gallery</b>
                  <p>{reasonOf(row.error, row.attempt)} The file itself is safe and can be downloaded.</p>
                </div>
                {mayWrite && retryable && (
                  <button type="button" className="btn ink" onClick={() => actions.retry(row)}>
                    <RotateCw aria-hidden="true" />
                    Retry
                  </button>
                )}
              </div>
            )}
            {row.state === "removed" && (
              <div className="callout calm">
                <ImageMinus aria-hidden="true" />
                <div>
                  <b>Removed from the gallery</b>
                  <p>The file is kept. It comes back only when somebody adds it again.</p>
                </div>
                {mayWrite && <button type="button" className="btn line" onClick={() => actions.retry(row)}><Undo2 aria-hidden="true" />Add again</button>}
              </div>
            )}
            {isPicture && <Rail row={row} history={history} />}
            <Happenings history={history} />
          </div>
          <aside className="stack" aria-label="About this file">
            <Preview row={row} />
            <Facts row={row} />
            <Doings row={row} actions={actions} mayWrite={mayWrite} className="on-phone" line />
          </aside>
        </div>
      </div>
      <Toasts />
    </>
  );
}

function Doings({ row, actions, mayWrite, className, line }) {
  const plain = line ? "btn line wide" : "btn";
  return (
    <div className={`doings ${className}`}>
      <a className={plain} href={api.originalUrl(row.id)}>
        <Download aria-hidden="true" />
        Download original
      </a>
      {mayWrite && row.state === "done" && (
        <button type="button" className={plain} onClick={() => actions.remove(row)}>
          <ImageMinus aria-hidden="true" />
          Remove from gallery
        </button>
      )}
      {mayWrite && (
        <button type="button" className={`${plain} danger`} onClick={() => actions.trash(row)}>
          <Trash2 aria-hidden="true" />
          Move file to trash
        </button>
      )}
    </div>
  );
}

function Preview({ row }) {
  const [url, failed] = useAddress(row, "grid", row.gridUrl);
  if (!url) return null;
  return <img className="preview" src={url} width={row.width} height={row.height} alt={`Preview of ${row.name}`} onError={failed} />;
}

function Facts({ row }) {
  const size = row.width ? `${bytes(row.size)}, ${row.width} × ${row.height}` : bytes(row.size);
  return (
    <dl className="facts num">
      <dt>Status</dt>
      <dd><Status row={row} reason={row.state === "waiting"} /></dd>
      <dt>Type</dt>
      <dd>{row.mime}</dd>
      <dt>Size</dt>
      <dd>{size}</dd>
      <dt>Uploaded</dt>
      <dd><Time at={row.createdAt} form="day" /></dd>
      <dt>By</dt>
      <dd className="cut">{row.by}</dd>
      <dt>File id</dt>
      <dd><Long text={row.id} what="file id" /></dd>
      <dt>SHA-256</dt>
      <dd><Long text={row.sha256} what="checksum" /></dd>
      {row.error && (
        <>
          <dt>Error code</dt>
          <dd><code className="soft">{row.error.code}</code></dd>
        </>
      )}
    </dl>
  );
}

const Long = ({ text, what }) => (
  <>
    <code className="cut soft" title={text}>{text}</code>
    <button type="button" className="btn icon mini" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={() => copy(text)}>
      <Copy aria-hidden="true" />
    </button>
  </>
);
