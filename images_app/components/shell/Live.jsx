import { useEffect, useRef, useState } from "react";
import { connect } from "../gallery/events.js";

const BREATH = 400;
const SAID = { live: "Live", connecting: "Connecting", offline: "Reconnecting", expired: "Signed out" };

/**
 * Hears what happens in the workspace: shows whether it does, tells the page (`aeontel:event`), and asks for the
 * totals again, once for many events that come together. `aeontel:retry` makes it try at once.
 */
export function Live({ workspace, onHappened }) {
  const [state, setState] = useState("connecting");
  const happened = useRef(onHappened);
  happened.current = onHappened;

  useEffect(() => {
    if (!workspace) return undefined;
    let timer = null;
    const settle = () => {
      timer = null;
      happened.current();
    };
    const connection = connect(workspace, {
      onState: (next) => {
        setState(next.state);
        // Perhaps it is not the line: asking tells whether this person is still a member.
        if (next.state === "offline") happened.current();
      },
      onEvent: (event) => {
        window.dispatchEvent(new CustomEvent("aeontel:event", { detail: event }));
        timer ??= setTimeout(settle, BREATH);
      },
    });
    const retry = () => connection.retry();
    const names = ["aeontel:retry", "aeontel:signed-in"];
    names.forEach((name) => window.addEventListener(name, retry));
    return () => {
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
