import { useState } from "react";
import { useNavigate } from "react-router";
import { request } from "../gallery/api.js";
import { Dialog } from "../lib/Dialog.jsx";
import { Field, Wrong } from "../lib/Field.jsx";
import { faultOf } from "../lib/useRest.js";

/** Asks for a name, makes the workspace and opens it. */
export function NewWorkspace({ onClose }) {
  const navigate = useNavigate();
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);

  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const name = event.currentTarget.elements.name.value.trim();
    setBusy(true);
    setProblem(null);
    try {
      const { id } = await request("POST", "/api/workspaces", { body: { name } });
      onClose();
      navigate(`/w/${id}/content`);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  const ofName = faultOf(problem, "/name");
  return (
    <Dialog title="Create a workspace" text="You are its owner. Nobody else sees it until you add them." onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <Field label="Name" wrong={ofName}>
          {(field) => <input {...field} name="name" className="input" required maxLength={120} autoComplete="off" autoFocus />}
        </Field>
        <Wrong>{problem && problem.status !== 401 && !ofName && problem.message}</Wrong>
        <div className="do">
          <button type="button" className="btn" onClick={onClose}>Cancel</button>
          <button type="submit" className="btn ink" aria-disabled={busy}>{busy ? "Creating" : "Create workspace"}</button>
        </div>
      </form>
    </Dialog>
  );
}

/** A plain button for the page of who is in no workspace. */
export function CreateWorkspace() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn ink" onClick={() => setOpen(true)}>Create a workspace</button>
      {open && <NewWorkspace onClose={() => setOpen(false)} />}
    </>
  );
}
