import React, { memo } from "react";
import { CircleAlert, Clock, LoaderCircle, RotateCw, Trash2, Upload } from "./icons.js";
import { useStore } from "./useStore.js";
import { placeholder } from "./thumbhash.js";
import { useThumb } from "./thumbs.js";
import { useSecond } from "./useSecond.js";
import { failure, seconds, until } from "./words.js";

/** A file on its way into the gallery, or one that did not get there and says why. */
export const PendingTile = memo(function PendingTile({ files, id, cell, height, column, active, can, on }) {
  const entry = useStore(files.store, ({ byKey }) => byKey.get(id)) ?? cell.tile;
  const blur = useThumb(entry).blur ?? placeholder(entry.thumbhash);
  const style = { left: cell.x, width: cell.width, height };
  const failed = entry.status === "failed";
  return (
    <div
      className={`ag-tile ${failed ? "ag-failed" : "ag-pending"}`}
      style={style}
      role="gridcell"
      aria-colindex={column}
      aria-busy={!failed}
      aria-label={failed ? undefined : `${entry.name}, ${said(entry)}`} // what failed is named by all that it says
      tabIndex={active ? 0 : -1}
      data-key={entry.key}
      data-status={entry.status}
      onFocus={() => on.focus(entry.key)}
    >
      {blur && <img className="ag-hash" src={blur} alt="" draggable={false} />}
      {failed ? <Why entry={entry} can={can} on={on} wide={cell.width >= 190} /> : <State entry={entry} />}
    </div>
  );
});

function said({ status, sent, size }) {
  if (status === "sending") return `sending, ${percent(sent, size)}`;
  return status === "waiting" ? "waiting for the next try" : "processing";
}

const percent = (sent, size) => `${size ? Math.floor((sent / size) * 100) : 0} %`;

function State({ entry }) {
  useSecond(entry.status === "waiting");
  if (entry.status === "sending")
    return (
      <>
        <span className="ag-state num">
          <Upload aria-hidden />
          {percent(entry.sent, entry.size)}
        </span>
        <div className="ag-thin">
          <i style={{ transform: `scaleX(${entry.size ? entry.sent / entry.size : 0})` }} />
        </div>
      </>
    );
  if (entry.status === "waiting") {
    const left = entry.nextAttemptAt ? until(entry.nextAttemptAt) : 0;
    return (
      <span className="ag-state num">
        <Clock aria-hidden />
        {left ? `Next try in ${seconds(left)}` : entry.nextAttemptAt ? "Trying again" : "Waiting"}
      </span>
    );
  }
  return (
    <span className="ag-state">
      <LoaderCircle aria-hidden className="spin" />
      Processing
    </span>
  );
}

function Why({ entry, can, on, wide }) {
  const retryable = entry.error?.retryable !== false || !entry.fileId;
  return (
    <div className="ag-why" title={`${entry.name}: ${failure(entry.error)}`}>
      <b>
        <CircleAlert aria-hidden />
        Not in the gallery
      </b>
      <p>{failure(entry.error)}</p>
      <p className="cut muted">{entry.name}</p>
      <div>
        {can.write && retryable && (
          <button type="button" className="btn line mini" onClick={() => on.retry(entry)}>
            <RotateCw aria-hidden />
            Retry
          </button>
        )}
        {can.delete && entry.fileId && (
          <button
            type="button"
            className={`btn mini ${wide ? "" : "icon"}`}
            aria-label={`Move to trash: ${entry.name}`}
            title="Move file to trash"
            onClick={() => on.discard(entry)}
          >
            {wide ? "Move to trash" : <Trash2 aria-hidden />}
          </button>
        )}
        {!entry.fileId && (
          <button type="button" className="btn mini" onClick={() => on.dismiss(entry)}>
            Dismiss
          </button>
        )}
      </div>
    </div>
  );
}
