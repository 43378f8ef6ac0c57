import { Time } from "../lib/Time.jsx";
import { Check, X } from "../lib/icons.js";

/** The way of a picture into the gallery, read from its history (newest first): what is done, where it is, what is left. */
export function Rail({ row, history }) {
  return (
    <section className="card" aria-label="Progress">
      <ol className="rail">
        {stepsOf(row, history).map(({ name, at, until, mark, note }) => (
          <li key={name}>
            <span className={`point ${mark}`}>
              {mark === "good" && <Check aria-hidden="true" />}
              {mark === "bad" && <X aria-hidden="true" />}
            </span>
            <b>{name}</b>
            <small className="num">
              {at ? <Time at={at} form="exact" /> : note}
              {until && <> to <Time at={until} form="exact" /></>}
            </small>
          </li>
        ))}
      </ol>
    </section>
  );
}

function stepsOf(row, history) {
  const find = (type) => history.find((event) => event.type === type);
  const requested = find("image.provision_requested");
  const since = history.slice(0, requested ? history.indexOf(requested) : 0);
  const tries = since.filter(({ type }) => type === "image.provision_retrying" || type === "image.provision_failed");
  const done = row.state === "done" ? find("image.created") : null;
  const steps = [
    { name: "Stored", at: find("file.ready")?.at ?? row.createdAt, mark: "good" },
    { name: "Image requested", at: requested?.at, mark: requested ? "good" : "idle", note: "Not yet" },
  ];
  if (tries.length && !done) {
    const n = row.state === "failed" ? Math.max(row.attempt, tries.length) : tries.length;
    steps.push({
      name: n === 1 ? "1 try failed" : `${n} tries failed`,
      at: tries.at(-1).at,
      until: tries.length > 1 ? tries[0].at : null,
      mark: row.state === "failed" ? "bad" : "wait",
    });
  } else if (!done && row.state !== "removed") {
    steps.push({ name: "Processing", mark: "busy", note: "Now" });
  }
  if (row.state === "removed") {
    steps.push({ name: "Removed from the gallery", at: find("image.deleted")?.at, mark: "idle" });
  } else {
    steps.push({ name: "In the gallery", at: done?.at, mark: done ? "good" : "idle", note: "Not yet" });
  }
  return steps;
}
