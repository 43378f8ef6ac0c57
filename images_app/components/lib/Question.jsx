import { useState } from "react";
import { Dialog } from "./Dialog.jsx";
import { Wrong } from "./Field.jsx";

/** Asks before what cannot be undone. The safe answer comes first and has the focus; a failure is said here, and the
 *  question stays. `onAct` does it and may be slow. */
export function Question({ title, text, keep = "Cancel", act, onAct, onClose }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  async function go() {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      await onAct();
      onClose();
    } catch (problem) {
      if (problem.status === 401) return onClose();
      setError(problem.message);
      setBusy(false);
    }
  }

  return (
    <Dialog title={title} text={text} role="alertdialog" onClose={onClose}>
      <Wrong>{error}</Wrong>
      <div className="do">
        <button type="button" className="btn" onClick={onClose}>{keep}</button>
        <button type="button" className="btn danger-solid" aria-disabled={busy} onClick={go}>{act}</button>
      </div>
    </Dialog>
  );
}
