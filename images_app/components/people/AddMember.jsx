// Adding somebody to a workspace by e-mail. Who is new gets an account and a link to set a password.

import { useState } from "react";
import { request } from "../gallery/api.js";
import { say } from "../gallery/toasts.js";
import { Dialog } from "../lib/Dialog.jsx";
import { Field, Wrong } from "../lib/Field.jsx";
import { Opener } from "../lib/Opener.jsx";
import { changed, faultOf } from "../lib/useRest.js";
import { Handed } from "./Handed.jsx";
import { nameOf, ROLES } from "./roles.js";

export function AddMember({ place, compact = false }) {
  const [asking, setAsking] = useState(false);
  const [handed, setHanded] = useState(null); // {email, link}

  function added({ member, link }) {
    changed("members");
    setAsking(false);
    if (link) setHanded({ email: member.email, link });
    else say(`${member.email} added`);
  }

  return (
    <>
      <Opener label="Add a member" compact={compact} onOpen={() => setAsking(true)} />
      {asking && <Form place={place} onAdded={added} onClose={() => setAsking(false)} />}
      {handed && <Handed {...handed} title={`${handed.email} is a member`} onClose={() => setHanded(null)} />}
    </>
  );
}

function Form({ place, onAdded, onClose }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);

  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const { email, role } = event.currentTarget.elements;
    const body = { email: email.value.trim(), role: role.value };
    setBusy(true);
    setProblem(null);
    try {
      onAdded(await request("POST", `/api/workspaces/${place.id}/members`, { body }));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  const ofEmail = problem?.status === 409 ? problem.message : faultOf(problem, "/email");
  return (
    <Dialog title={`Add a member to ${place.name}`} onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <Field label="Email" help="Who has no account yet gets a link to set a password." wrong={ofEmail}>
          {(field) => (
            <input
              {...field} name="email" type="email" inputMode="email" className="input" required maxLength={320}
              autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus
            />
          )}
        </Field>
        <fieldset className="field">
          <legend>Role</legend>
          {[...ROLES].reverse().map(({ role, says }) => (
            <label key={role} className="check">
              <input type="radio" name="role" value={role} defaultChecked={role === "viewer"} />
              <span>
                <b>{nameOf(role)}</b>
                <span className="small muted">{says}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Wrong>{problem && problem.status !== 401 && !ofEmail && problem.message}</Wrong>
        <div className="do">
          <button type="button" className="btn" onClick={onClose}>Cancel</button>
          <button type="submit" className="btn ink" aria-disabled={busy}>{busy ? "Adding" : "Add member"}</button>
        </div>
      </form>
    </Dialog>
  );
}
