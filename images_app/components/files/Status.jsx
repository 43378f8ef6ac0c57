import { useEffect, useState } from "react";
import { waiting } from "../gallery/words.js";
import { Check, Clock, FileIcon, ImageMinus, LoaderCircle, X } from "../lib/icons.js";
import { reasonOf } from "./reason.js";

/** How far a file is on its way into the gallery, and why it is not. Quiet when all is well. */
export function Status({ row, reason = true }) {
  const { badge, quiet, icon: Icon, label, why } = standing(row);
  return (
    <div className="status">
      <span className={badge ? `badge ${badge}` : "quiet"}>
        <Icon className={badge === "busy" ? "spin" : undefined} aria-hidden="true" />
        {label}
      </span>
      {reason && (row.state === "waiting" ? <Waiting row={row} /> : why && <p className={quiet}>{why}</p>)}
    </div>
  );
}

function standing({ state, attempt, error }) {
  switch (state) {
    case "pending":
    case "running":
      return { badge: "busy", icon: LoaderCircle, label: "Processing", why: attempt > 1 ? `Attempt ${attempt}` : "" };
    case "waiting":
      return { badge: "wait", icon: Clock, label: "Waiting" };
    case "failed":
      return { badge: "bad", icon: X, label: "Failed", why: reasonOf(error, attempt) };
    case "done":
      return { icon: Check, label: "In the gallery" };
    case "removed":
      return { icon: ImageMinus, label: "Removed from the gallery" };
    default:
      return { icon: FileIcon, label: "Stored, not a picture" };
  }
}

function Waiting({ row }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return <p className="num">{waiting(row.nextAttemptAt, false)} Attempt {row.attempt}.</p>;
}
