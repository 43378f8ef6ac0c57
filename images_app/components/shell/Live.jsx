import { useEffect, useRef, useState } from "react";
import { connect } from "../gallery/events.js";

const BREATH = 400;
const SAID = { live: "Live", connecting: "Connecting", offline: "Reconnecting", expired: "Signed out" };

/**
 * Hears what happens in the workspace: shows whether it does, tells the page (`aeontel:event`), and asks for the
 * totals again, once for many events that come together. What changes the frame itself is asked for at once.
 * `aeontel:retry` makes it try at once.
 */
export function Live({ workspace, onHappened, onChanged }) {
  const [state, setState] = useState("connecting");
  const page = useRef({});
  page.current = { onHappened, onChanged };

  useEffect(() => {
    if (!workspace) return undefined;
    let timer = null;
    const settle = () => {
      timer = null;
      page.current.onHappened();
    };
    const soon = () => {
      timer ??= setTimeout(settle, BREATH);
    };
    const connection = connect(workspace, {
      onState: (next) => {
        setState(next.state);
        // Perhaps it is not the line: asking tells whether this person is still a member.
        if (next.state === "offline") page.current.onHappened();
        if (next.state === "live") soon(); // what happened before was not heard
      },
      onEvent: (event) => {
        window.dispatchEvent(new CustomEvent("aeontel:event", { detail: event }));
        if (event.type === "workspace.changed") page.current.onChanged();
        else soon();
      },
    });
    const retry = () => connection.retry();
    const names = ["aeontel:retry", "aeontel:signed-in"];
    names.forEach((name) => window.addEventListener(name, retry));
    // What this person may do has changed, or they are no member any more: the page must know at once.
    const changed = () => page.current.onChanged();
    window.addEventListener("aeontel:rights", changed);
    window.addEventListener("aeontel:changed", soon); // done on this page; not everything has an event
    return () => {
      window.removeEventListener("aeontel:rights", changed);
      window.removeEventListener("aeontel:changed", soon);
      names.forEach((name) => window.removeEventListener(name, retry));
      clearTimeout(timer);
      connection.close();
    };
  }, [workspace]);

  return (
    <div className="live" role="status" data-state={state}>
      {SAID[state] ?? SAID.connecting}
    </div>
  );
}
