import React, { memo } from "react";
import { Clock, FileIcon, ImageOff, LoaderCircle, X } from "./icons.js";
import { useThumb } from "./thumbs.js";
import { useSecond } from "./useSecond.js";
import { bytes, bytesOf, failure, waiting } from "./words.js";

const TONE = { failed: "bad", waiting: "wait", done: "good" };

/** `picture`: the address of the file's picture once it is in the gallery, for what the browser itself cannot draw. */
export const UploadRow = memo(function UploadRow({ entry, top, picture, files, uploads, actions, onShow }) {
  const thumb = useThumb(entry).thumb ?? picture;
  const { name, status, sent, size } = entry;
  useSecond(status === "waiting");
  return (
    <li style={{ transform: `translateY(${top}px)` }} data-status={status}>
      {thumb ? (
        <img className="ag-th" src={thumb} alt="" />
      ) : (
        <span className="ag-th">{entry.isImage && entry.error?.code === "not_an_image" ? <ImageOff aria-hidden /> : <FileIcon aria-hidden />}</span>
      )}
      <div>
        <div className="ag-nm cut" title={name}>
          {name}
        </div>
        <p className={`num ${TONE[status] ?? ""}`}>{said(entry)}</p>
        {status === "sending" && (
          <div className="ag-bar" role="progressbar" aria-label={name} aria-valuenow={percent(sent, size)}>
            <i style={{ transform: `scaleX(${size ? sent / size : 0})` }} />
          </div>
        )}
      </div>
      <div className="ag-act">
        <Act {...{ entry, files, uploads, actions, onShow }} />
      </div>
    </li>
  );
});

const percent = (sent, size) => (size ? Math.floor((sent / size) * 100) : 0);

function said(entry) {
  const { status, sent, size } = entry;
  if (status === "queued") return `Waiting, ${bytes(size)}`;
  if (status === "sending") return sent < size ? `${bytesOf(sent, size)}, ${percent(sent, size)} %` : "Storing";
  if (status === "processing") return "Processing";
  if (status === "waiting") return waiting(entry.nextAttemptAt);
  if (status === "done") return "In the gallery";
  if (status === "stored") return "Stored, not a picture";
  return failure(entry.error);
}

function Act({ entry, files, uploads, actions, onShow }) {
  const { key, name, status, fileId, error, refused } = entry;
  const button = (label, run, line) => (
    <button type="button" className={`btn mini ${line ? "line" : ""}`} onClick={run}>
      {label}
    </button>
  );
  if (status === "queued" || status === "sending")
    return (
      <button type="button" className="btn icon mini" aria-label={`Cancel ${name}`} title="Cancel" onClick={() => uploads.cancel(key)}>
        <X aria-hidden />
      </button>
    );
  if (status === "processing") return <LoaderCircle className="spin" aria-hidden />;
  if (status === "waiting") return <Clock aria-hidden />;
  if (status === "done") return button("Show", () => onShow(entry));
  if (status === "failed" && !fileId && !refused) return button("Retry", () => uploads.resend(key), true);
  if (status === "failed" && fileId && error?.retryable !== false) return button("Retry", () => actions.retry(entry), true);
  if (fileId)
    return (
      <a className="btn mini" href={`/files/${encodeURIComponent(fileId)}`}>
        Open file
      </a>
    );
  return (
    <button type="button" className="btn icon mini" aria-label={`Dismiss ${name}`} title="Dismiss" onClick={() => files.remove(key)}>
      <X aria-hidden />
    </button>
  );
}
