import React from "react";
import { ImageMinus, Link, Trash2, X } from "./icons.js";
import { bytes, count } from "./words.js";

/** What can be done with the chosen pictures; a bar at the bottom on a phone. */
export function SelectionBar({ items, can, onClear, onAll, onCopy, onRemove, onTrash }) {
  const size = items.reduce((sum, item) => sum + (item.size ?? 0), 0);
  const title = `${count(items.length)} selected`;
  return (
    <>
      <div className="ag-seltop">
        <button type="button" className="btn icon" aria-label="Clear selection" onClick={onClear}>
          <X aria-hidden />
        </button>
        <b className="num">
          {title} <span>{bytes(size)}</span>
        </b>
        <button type="button" className="btn ag-accent" onClick={onAll}>
          Select all
        </button>
      </div>
      <div className="ag-selbar" role="toolbar" aria-label={title}>
        <button type="button" className="btn icon on-desk" aria-label="Clear selection (Esc)" title="Clear selection (Esc)" onClick={onClear}>
          <X aria-hidden />
        </button>
        <div className="ag-lead on-desk">
          <b className="num">{title}</b>
          <span className="muted num">{bytes(size)}</span>
        </div>
        <span className="ag-sep on-desk" />
        <button type="button" className="btn" onClick={onCopy}>
          <Link aria-hidden />
          <span>
            Copy<span className="on-desk"> links</span>
          </span>
        </button>
        {can.delete && (
          <>
            <span className="ag-sep on-desk" />
            <button type="button" className="btn" title="Del" onClick={onRemove}>
              <ImageMinus aria-hidden />
              <span>
                Remove<span className="on-desk"> from gallery</span>
              </span>
            </button>
            <button type="button" className="btn danger" title="Shift Del" onClick={onTrash}>
              <Trash2 aria-hidden />
              <span className="on-desk">{items.length === 1 ? "Move file to trash" : "Move files to trash"}</span>
              <span className="on-phone">Trash</span>
            </button>
          </>
        )}
      </div>
    </>
  );
}
