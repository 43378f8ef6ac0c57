import React from "react";
import { api } from "./api.js";
import { Check, Clock, X } from "./icons.js";
import { useFetched } from "./InfoPanel.jsx";
import { clock, day, failure } from "./words.js";

const SAID = {
  "file.ready": ["Stored", "good"],
  "image.provision_requested": ["Image requested", "good"],
  "image.provision_retrying": ["Another try", "wait"],
  "image.created": ["In the gallery", "good"],
  "image.provision_failed": ["Not in the gallery", "bad"],
  "image.deleted": ["Removed from the gallery", "good"],
  "file.deleted": ["Moved to trash", "good"],
  "file.restored": ["Restored", "good"],
};
const ICONS = { good: Check, wait: Clock, bad: X };

/** What happened to the file behind the picture, oldest first. */
export function History({ fileId }) {
  const events = useFetched(fileId, () => api.history(fileId))?.data ?? [];
  if (!events.length) return null;
  return (
    <div className="ag-sec">
      <h3>
        History
        <a href={`/files/${encodeURIComponent(fileId)}`}>All events</a>
      </h3>
      <ol className="ag-hist">
        {events.slice(-12).map((event) => (
          <Line key={event.id} event={event} />
        ))}
      </ol>
    </div>
  );
}

function Line({ event }) {
  const [label, tone] = SAID[event.type] ?? [event.type, "good"];
  const Icon = ICONS[tone];
  const attempt = event.type === "image.provision_retrying" && event.data?.attempt;
  const today = day(event.createdAt) === day(new Date());
  return (
    <li>
      <span className={`ag-pt ag-${tone}`}>
        <Icon aria-hidden />
      </span>
      <b>{attempt ? `Attempt ${attempt}` : label}</b>
      <time dateTime={event.createdAt} title={`${day(event.createdAt)}, ${clock(event.createdAt)}`}>
        {today ? clock(event.createdAt) : day(event.createdAt)}
      </time>
      {tone === "wait" && <p>{event.data?.message || "Did not work yet."}</p>}
      {tone === "bad" && <p>{failure(event.data)}</p>}
    </li>
  );
}
