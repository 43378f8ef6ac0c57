import { letters } from "../lib/letters.js";

/** Somebody, in the first cell of a row. */
export function Person({ email, isMe, note }) {
  return (
    <div role="cell" className="name">
      <span className="avatar large" aria-hidden="true">{letters(email)}</span>
      <span className="cut" title={email}>
        {email}
        {isMe && <span className="muted"> you</span>}
      </span>
      {note && <span className="badge plain">{note}</span>}
    </div>
  );
}
