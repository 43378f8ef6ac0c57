// Everybody who has an account on this server, for its admins.

import { useState } from "react";
import { request } from "../gallery/api.js";
import { Toasts } from "../gallery/Toasts.jsx";
import { say } from "../gallery/toasts.js";
import { Dialog } from "../lib/Dialog.jsx";
import { Field, Wrong } from "../lib/Field.jsx";
import { Broken, More, Waiting } from "../lib/Lists.jsx";
import { Opener } from "../lib/Opener.jsx";
import { Time } from "../lib/Time.jsx";
import { useList } from "../lib/useList.js";
import { changed, faultOf } from "../lib/useRest.js";
import { Handed } from "./Handed.jsx";
import { Person } from "./Person.jsx";

const HEADS = ["Person", "May", "Since"];

export function People({ email: me }) {
  const { rows, next, status, error, again, more } = useList("/api/users", { what: "users" });
  const [handed, setHanded] = useState(null);

  async function link({ id, email, isPending }) {
    try {
      const made = await request("POST", `/api/users/${id}/password-link`);
      setHanded({ email, link: made, title: isPending ? "A new invitation" : "A link to set a new password" });
    } catch (problem) {
      if (problem.status !== 401) say(`No link for ${email}. ${problem.message}`, { bad: true });
    }
  }

  return (
    <>
      <div className="page">
        {status === "loading" && <Waiting name="people" className="people" />}
        {status === "error" && <Broken name="The people" error={error} onRetry={again} />}
        {rows.length > 0 && (
          <>
            <p className="lead soft">
              Everybody who has an account on this server. What they see is decided in each workspace, under Members.
            </p>
            <div className="table people" role="table" aria-label="People">
              <div className="tr head" role="row">
                {HEADS.map((name) => <span key={name} role="columnheader">{name}</span>)}
                <span role="columnheader"><span className="sr">Actions</span></span>
              </div>
              {rows.map((user) => (
                <div key={user.id} className="tr" role="row">
                  <Person email={user.email} isMe={user.email === me} note={user.isPending && "Invited"} />
                  <div role="cell" className="role">{user.isAdmin ? "Administer the server" : <span className="soft">Use workspaces</span>}</div>
                  <div role="cell" className="soft num" data-name="Since"><Time at={user.createdAt} form="date" /></div>
                  <div role="cell" className="acts">
                    {user.email !== me && (
                      <button
                        type="button" className="btn mini soft" onClick={() => link(user)}
                        aria-label={`${user.isPending ? "New invitation" : "Password link"} for ${user.email}`}
                      >
                        {user.isPending ? "New invitation" : "Password link"}
                      </button>
                    )}
                  </div>
                </div>
              ))}
            </div>
            <More name="people" next={next} shown={rows.length} status={status} onMore={more} />
          </>
        )}
      </div>
      {handed && <Handed {...handed} onClose={() => setHanded(null)} />}
      <Toasts />
    </>
  );
}

/** The button, and what it opens. */
export function AddPerson({ compact = false }) {
  const [asking, setAsking] = useState(false);
  const [handed, setHanded] = useState(null); // {email, link}

  function added({ email, link }) {
    changed("users");
    setAsking(false);
    if (link) setHanded({ email, link });
    else say(`${email} added`);
  }

  return (
    <>
      <Opener label="Add a person" compact={compact} onOpen={() => setAsking(true)} />
      {asking && <PersonForm onAdded={added} onClose={() => setAsking(false)} />}
      {handed && <Handed {...handed} title={`${handed.email} has an account`} onClose={() => setHanded(null)} />}
    </>
  );
}

function PersonForm({ onAdded, onClose }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);

  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const email = event.currentTarget.elements.email.value.trim();
    setBusy(true);
    setProblem(null);
    try {
      onAdded(await request("POST", "/api/users", { body: { email } }));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  const ofEmail = problem?.status === 409 ? problem.message : faultOf(problem, "/email");
  return (
    <Dialog title="Add a person" text="They get an account, and a link to set their password." onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <Field label="Email" wrong={ofEmail}>
          {(field) => (
            <input
              {...field} name="email" type="email" inputMode="email" className="input" required maxLength={320}
              autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus
            />
          )}
        </Field>
        <Wrong>{problem && problem.status !== 401 && !ofEmail && problem.message}</Wrong>
        <div className="do">
          <button type="button" className="btn" onClick={onClose}>Cancel</button>
          <button type="submit" className="btn ink" aria-disabled={busy}>{busy ? "Adding" : "Add person"}</button>
        </div>
      </form>
    </Dialog>
  );
}
