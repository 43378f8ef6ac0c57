import { copy } from "../gallery/actions.js";
import { bytes } from "../gallery/words.js";
import { Time } from "../lib/Time.jsx";
import { attemptOf, endOf } from "./reason.js";

const by = (event, what) => (event.by ? `${what} by ${event.by}` : what);

const SAID = {
  "file.ready": (event) => (event.by ? `${bytes(event.data.size)} from ${event.by}` : bytes(event.data.size)),
  "image.provision_requested": (event) => by(event, "Asked for"),
  "image.provision_retrying": ({ data }) => attemptOf(data),
  "image.created": () => "In the gallery",
  "image.provision_failed": ({ data }) => endOf(data),
  "image.deleted": (event) => by(event, "Removed from the gallery"),
  "file.deleted": (event) => by(event, "Moved to trash"),
  "file.restored": (event) => by(event, "Restored"),
  "file.purged": (event) => by(event, "Deleted for good"),
};

/** Everything that happened to a file, newest first. */
export function Happenings({ history }) {
  const json = () => copy(JSON.stringify(history, null, 2), "Events copied");
  return (
    <section className="card" aria-label="Events">
      <header>
        <h2 className="grow">Events</h2>
        <button type="button" className="btn mini" onClick={json}>Copy as JSON</button>
      </header>
      <ol className="events num">
        {history.map((event) => (
          <li key={event.id}>
            <Time at={event.at} form="exact" className="muted" />
            <code>{event.type}</code>
            <span className="soft">{SAID[event.type]?.(event) ?? ""}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
