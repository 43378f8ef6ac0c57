import React from "react";
import { Copyable } from "../lib/Copyable.jsx";
import { ArrowUp, FileIcon, Folder, ImageUp, RotateCw, Upload, WifiOff } from "./icons.js";
import "./faces.css";
import { justify } from "./layout.js";
import { useSecond } from "./useSecond.js";
import { count, day, limit, plural, seconds, until } from "./words.js";

const SHAPES = [1.5, 0.75, 1.5, 1, 1.5, 0.67, 1.5, 1.5, 0.75, 1.5, 1, 0.71, 2.8, 0.75, 1.5, 0.67, 1.5, 1.6, 0.8, 1.5, 1.5, 1.5, 0.75, 1.5, 0.8];

/** The gallery's outline while the first page is on its way. */
export function Loading() {
  const phone = window.matchMedia("(max-width: 720px)").matches;
  const width = phone ? window.innerWidth - 6 : window.innerWidth - 270;
  const rows = justify(SHAPES.map((ratio) => ({ ratio })), { width, gap: phone ? 3 : 4, least: phone ? 108 : 176, open: true });
  return (
    <div className="ag-scroll ag-skeleton" role="status" aria-busy="true" aria-label="Loading images">
      <div className="ag-month">
        <span className="ag-sk" />
      </div>
      {rows.map((row, at) => (
        <div key={at} className="ag-skrow" style={{ height: row.height }}>
          {row.cells.map(({ tile, width }, column) => (
            <i key={column} style={{ flex: width }} data-ratio={tile.ratio} />
          ))}
        </div>
      ))}
    </div>
  );
}

export function More() {
  return (
    <div className="ag-following" role="status" aria-label="Loading more images">
      <i />
      <i />
      <i />
      <i />
    </div>
  );
}

export function Empty({ can, maxBytes, workspaceId, onPick }) {
  if (!can.write)
    return (
      <div className="face">
        <div className="in">
          <span className="glyph">
            <FileIcon aria-hidden />
          </span>
          <h2>No images yet</h2>
          <p>Pictures that others add to this workspace appear here by themselves.</p>
        </div>
      </div>
    );
  return (
    <div className="face">
      <div className="ag-teach">
        <div className="ag-well">
          <span className="glyph accent">
            <ImageUp aria-hidden />
          </span>
          <h2>
            <span className="on-desk">Drop photos anywhere on this page</span>
            <span className="on-phone">Add your first photos</span>
          </h2>
          <p>Straight from the camera or phone is fine: HEIC, large and sideways pictures are handled for you.</p>
          <div className="do">
            <button type="button" className="btn ink" onClick={() => onPick({})}>
              <Upload aria-hidden />
              Choose files
            </button>
            <button type="button" className="btn line on-desk" onClick={() => onPick({ folder: true })}>
              <Folder aria-hidden />
              Choose a folder
            </button>
          </div>
          <p className="note">
            {maxBytes ? `Up to ${limit(maxBytes)} each.` : ""}
            <span className="on-desk">
              {" "}
              Paste with <kbd className="kbd">Ctrl</kbd> <kbd className="kbd">V</kbd> works too.
            </span>
          </p>
        </div>
        <ol className="ag-steps">
          <Step n="1" title="You add files" text="They upload in the background. You can keep working." />
          <Step n="2" title="Pictures get ready" text="Every picture is resized and put on the delivery network, by itself." />
          <Step n="3" title="They appear here" text="For everyone in this workspace, with a link to copy." />
        </ol>
        <div className="on-desk">
          <Copyable
            prompt="$" text={`aeontel file upload ~/Pictures/*.jpg -w ${workspaceId}`} label="Copy command"
            note="or from a terminal"
          />
        </div>
      </div>
    </div>
  );
}

function Step({ n, title, text }) {
  return (
    <li>
      <span className="ag-n">{n}</span>
      <b>{title}</b>
      <p>{text}</p>
    </li>
  );
}

/** Nothing could be loaded at all. */
export function Unreachable({ live, onRetry }) {
  useSecond(true);
  return (
    <div className="face" role="alert">
      <div className="in">
        <span className="glyph">
          <WifiOff aria-hidden />
        </span>
        <h2>The server cannot be reached</h2>
        <p>
          Your files are safe.{live.retryAt && ` Trying again in ${seconds(until(live.retryAt))}, attempt ${live.attempt + 1}.`}
        </p>
        <div className="do">
          <button type="button" className="btn ink" onClick={onRetry}>
            <RotateCw aria-hidden />
            Try now
          </button>
        </div>
        <p className="note">
          If it stays like this, check your connection or ask whoever runs
          <br />
          <code>{window.location.host}</code>
        </p>
      </div>
    </div>
  );
}

export function Offline({ live, onRetry }) {
  useSecond(true);
  return (
    <div className="notice" role="status">
      <WifiOff aria-hidden />
      <span>
        Connection lost. Pictures you have loaded stay here.{" "}
        <span className="num" aria-hidden>
          {live.retryAt && `Trying again in ${seconds(until(live.retryAt))}.`}
        </span>
      </span>
      <button type="button" className="btn mini line" onClick={onRetry}>
        Try now
      </button>
    </div>
  );
}

export function MoreFailed({ onRetry }) {
  return (
    <div className="ag-end" role="alert">
      <b>The next images could not be loaded</b>
      <span>Nothing is lost. Check your connection and try again.</span>
      <button type="button" className="btn line" onClick={onRetry}>
        <RotateCw aria-hidden />
        Retry
      </button>
    </div>
  );
}

export function End({ total, first, onTop }) {
  return (
    <div className="ag-end" role="status">
      <b>That is everything</b>
      <span className="num">
        {plural(total, "image")}
        {first ? `, the first from ${day(first)}` : ""}
      </span>
      <button type="button" className="btn ag-accent" onClick={onTop}>
        <ArrowUp aria-hidden />
        Back to the newest
      </button>
    </div>
  );
}

export const imagesCount = (n) => (n == null ? "" : `${count(n)} ${n === 1 ? "image" : "images"}`);
