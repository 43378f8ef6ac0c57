import React, { useEffect, useMemo, useRef, useState } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronUp, X } from "./icons.js";
import { isPending, isUnsent } from "./files.js";
import "./upload.css";
import { UploadRow } from "./UploadRow.jsx";
import { bytesOf, bytes, count, plural, seconds } from "./words.js";

const ORDER = { failed: 0, sending: 1, waiting: 2, processing: 3, queued: 4, stored: 5, done: 6 };

/** What is being sent from this tab, and what became of it. */
export function UploadPanel({ files, uploads, actions, entries, items, onShow }) {
  const [folded, setFolded] = useState(false);
  const [paused, setPaused] = useState(false);
  const mine = useMemo(() => entries.filter(({ here }) => here), [entries]);
  const unsent = mine.filter(isUnsent);
  const open = unsent.length > 0;
  const speed = useSpeed(mine, open && !paused);

  useEffect(() => {
    if (!open) return undefined;
    const stay = (event) => event.preventDefault();
    window.addEventListener("beforeunload", stay);
    return () => window.removeEventListener("beforeunload", stay);
  }, [open]);

  useEffect(() => {
    if (!open && paused) setPaused(false) || uploads.resume();
  }, [open, paused, uploads]);

  if (!mine.length) return null;
  const sums = tally(mine);

  function pause() {
    if (paused) uploads.resume();
    else uploads.pause();
    setPaused(!paused);
  }

  function clear() {
    mine.filter((entry) => !isPending(entry)).forEach(({ key, status, fileId }) => {
      if (status === "failed" && fileId) files.patch(key, { here: false });
      else files.remove(key);
    });
    mine.filter(isPending).forEach(({ key }) => files.patch(key, { here: false }));
  }

  return (
    <section className={`ag-up ${folded ? "ag-folded" : ""}`} aria-label="Uploads">
      <header>
        <div>
          <b>{title(sums, open, paused)}</b>
          {open && (
            <>
              <button type="button" className="btn mini" onClick={pause}>
                {paused ? "Resume" : "Pause"}
              </button>
              <button type="button" className="btn mini" onClick={() => uploads.cancelAll()}>
                Cancel
              </button>
            </>
          )}
          <button
            type="button"
            className="btn icon mini"
            aria-expanded={!folded}
            aria-label={folded ? "Show the list" : "Hide the list"}
            onClick={() => setFolded(!folded)}
          >
            {folded ? <ChevronUp aria-hidden /> : <ChevronDown aria-hidden />}
          </button>
          {!open && (
            <button type="button" className="btn icon mini" aria-label="Close" onClick={clear}>
              <X aria-hidden />
            </button>
          )}
        </div>
        {open && <Total sums={sums} speed={speed} paused={paused} />}
      </header>
      {!folded && <Rows {...{ mine, items, files, uploads, actions, onShow }} />}
      {!folded && (
        <footer>
          <span className="num">{summary(sums)}</span>
          {open && <span>Keep this tab open</span>}
        </footer>
      )}
    </section>
  );
}

function tally(mine) {
  const sums = { files: mine.length, bytes: 0, sent: 0, done: 0, failed: 0, stored: 0, left: 0 };
  for (const entry of mine) {
    const settled = !isUnsent(entry);
    if (!(entry.status === "failed" && !entry.fileId)) {
      sums.bytes += entry.size;
      sums.sent += settled ? entry.size : entry.sent;
    }
    if (entry.status === "done") sums.done += 1;
    else if (entry.status === "failed") sums.failed += 1;
    else if (entry.status === "stored") sums.stored += 1;
    else sums.left += 1;
  }
  return sums;
}

function title(sums, open, paused) {
  if (open) return `${paused ? "Paused, " : "Uploading "}${plural(sums.files, "file")}`;
  if (sums.left) return `Getting ${plural(sums.left, "file")} ready`;
  if (sums.failed === sums.files) return `${plural(sums.failed, "file")} not added`;
  return `${plural(sums.files - sums.failed, "file")} added`;
}

function summary({ done, failed, stored, left }) {
  const parts = [];
  if (done) parts.push(`${count(done)} in the gallery`);
  if (stored) parts.push(`${count(stored)} kept in Files`);
  if (failed) parts.push(`${count(failed)} failed`);
  if (left) parts.push(`${count(left)} to go`);
  return parts.join(", ");
}

function Total({ sums, speed, paused }) {
  const share = sums.bytes ? sums.sent / sums.bytes : 0;
  const left = speed > 0 ? (sums.bytes - sums.sent) / speed : null;
  return (
    <>
      <div className="ag-bar" role="progressbar" aria-label="All uploads" aria-valuenow={Math.floor(share * 100)}>
        <i style={{ transform: `scaleX(${share})` }} />
      </div>
      <p className="num">
        <span>
          {bytesOf(sums.sent, sums.bytes)}
          {speed > 0 && !paused ? `, ${bytes(speed)}/s` : ""}
        </span>
        <span>{paused ? "Files being sent will finish" : left !== null && `About ${seconds(left)} left`}</span>
      </p>
    </>
  );
}

/** Bytes a second over the last five seconds; 0 while nothing can be said. */
function useSpeed(mine, running) {
  const [speed, setSpeed] = useState(0);
  const latest = useRef(0);
  latest.current = tally(mine).sent;
  useEffect(() => {
    if (!running) return setSpeed(0);
    const samples = [{ at: performance.now(), sent: latest.current }];
    const timer = setInterval(() => {
      samples.push({ at: performance.now(), sent: latest.current });
      if (samples.length > 6) samples.shift();
      const [first, last] = [samples[0], samples[samples.length - 1]];
      setSpeed(Math.max(0, ((last.sent - first.sent) / (last.at - first.at)) * 1000));
    }, 1000);
    return () => clearInterval(timer);
  }, [running]);
  return speed;
}

function Rows({ mine, items, files, uploads, actions, onShow }) {
  const list = useRef(null);
  const pictures = useMemo(() => new Map(items.map(({ fileId, gridUrl }) => [fileId, gridUrl])), [items]);
  const sorted = useMemo(() => [...mine].sort((a, b) => ORDER[a.status] - ORDER[b.status]), [mine]);
  const rowHeight = window.matchMedia("(max-width: 720px)").matches ? 60 : 54;
  const virtualizer = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => list.current,
    estimateSize: () => rowHeight,
    overscan: 4,
  });
  return (
    <div className="ag-list" ref={list} style={{ height: sorted.length * rowHeight + 8 }}>
      <ul style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => (
          <UploadRow
            key={sorted[index].key}
            entry={sorted[index]}
            top={start}
            picture={pictures.get(sorted[index].fileId)}
            {...{ files, uploads, actions, onShow }}
          />
        ))}
      </ul>
    </div>
  );
}
