import { useRef, useState } from "react";
import { request } from "../gallery/api.js";
import { say } from "../gallery/toasts.js";
import { Field, Password, Wrong } from "../lib/Field.jsx";
import { changed, faultOf } from "../lib/useRest.js";

/** The old password and the new one. They go from the fields to the API and nowhere else. */
export function ChangePassword({ email }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);

  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const fields = form.current.elements;
    setBusy(true);
    setProblem(null);
    try {
      await request("POST", "/api/me/password", { body: { current: fields.current.value, new: fields.new.value } });
      form.current.reset();
      changed("sessions");
      say("Password changed. Every other device was signed out.");
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }

  const ofCurrent = problem?.code === "wrong_password" ? "This is not your password." : faultOf(problem, "/current");
  const ofNew = faultOf(problem, "/new");
  const other = problem && problem.status !== 401 && !ofCurrent && !ofNew;
  return (
    <section className="card padded" aria-labelledby="change-password">
      <h2 id="change-password">Password</h2>
      <form ref={form} className="form" method="post" onSubmit={submit}>
        <input type="email" name="username" autoComplete="username" value={email} readOnly hidden />
        <Field label="Current password" wrong={ofCurrent}>
          {(field) => <Password {...field} name="current" autoComplete="current-password" />}
        </Field>
        <Field label="New password" help="At least 8 characters. Every other device is signed out." wrong={ofNew}>
          {(field) => <Password {...field} name="new" autoComplete="new-password" />}
        </Field>
        <Wrong>{other && (problem.status === 429 ? "Too many tries. Wait a while and try again." : problem.message)}</Wrong>
        <div className="do left">
          <button type="submit" className="btn line" aria-disabled={busy}>{busy ? "Changing" : "Change password"}</button>
        </div>
      </form>
    </section>
  );
}
