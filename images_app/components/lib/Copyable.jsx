import { useEffect, useRef, useState } from "react";
import { Check, Copy } from "./icons.js";

const STAY = 2_000;

/** A command, a link or a secret, and the button that copies it. `main`: copying is the point of this screen. `note` is
 *  said beside it. */
export function Copyable({ text, label, prompt, note, main = false }) {
  const [state, setState] = useState(null);
  const code = useRef(null);
  useEffect(() => {
    if (state !== "copied") return undefined;
    const timer = setTimeout(() => setState(null), STAY);
    return () => clearTimeout(timer);
  }, [state]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      // Without https browsers do not allow it: the text is chosen, so that Ctrl C takes it.
      window.getSelection().selectAllChildren(code.current);
      setState("refused");
    }
  }

  const Icon = state === "copied" ? Check : Copy;
  return (
    <div className={main ? "cmd hand" : "cmd"}>
      {prompt && <span className="muted" aria-hidden="true">{prompt}</span>}
      <code ref={code} className={main ? "grow" : "grow cut"}>{text}</code>
      {note && <span className="muted">{note}</span>}
      <button
        type="button" className={main ? "btn ink mini" : "btn icon mini"} onClick={copy}
        aria-label={main ? undefined : label} title={main ? undefined : label}
      >
        <Icon aria-hidden="true" />
        {main && (state === "copied" ? "Copied" : "Copy")}
      </button>
      <span className="sr" role="status">
        {state === "copied" && "Copied"}
        {state === "refused" && "The browser did not allow copying. The text is selected: press Ctrl C."}
      </span>
    </div>
  );
}
