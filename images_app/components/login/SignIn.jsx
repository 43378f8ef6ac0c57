// The sign-in form. The password goes from the field to the API and nowhere else.

import { useEffect, useId, useRef, useState } from "react";
import { CircleAlert, Eye, EyeOff } from "../lib/icons.js";
import { leave, safeNext, signIn, SignInError } from "../lib/session.js";

/** E-mail, password and what went wrong; `children` are the buttons, given whether a try is under way. */
export function Credentials({ email, onSignedIn, fieldSize = "", children }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const [shown, setShown] = useState(false);
  const id = useId();
  const form = useRef(null);
  const password = useRef(null);
  const Icon = shown ? EyeOff : Eye;

  // Not autoFocus: the static page is drawn before React is there to focus anything.
  useEffect(() => {
    const first = email ? password.current : form.current.elements.email;
    if (!first.value) first.focus();
  }, [email]);

  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const fields = form.current.elements;
    setBusy(true);
    setError("");
    try {
      onSignedIn(await signIn(fields.email.value.trim(), fields.password.value));
    } catch (problem) {
      if (!(problem instanceof SignInError)) throw problem;
      setError(problem.message);
      setBusy(false);
      password.current.select();
    }
  };

  return (
    <form ref={form} onSubmit={submit} method="post" className="credentials">
      <div className="field">
        <label htmlFor={`${id}e`}>Email</label>
        <input
          id={`${id}e`} name="email" className={`input ${fieldSize}`} type="email" inputMode="email" required
          maxLength={320} autoComplete="username" autoCapitalize="none" spellCheck={false} defaultValue={email}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}p`}>Password</label>
        <div className="input-with-button">
          <input
            id={`${id}p`} name="password" ref={password} className={`input ${fieldSize}`} required maxLength={1024}
            type={shown ? "text" : "password"} autoComplete="current-password" spellCheck={false}
            aria-invalid={error !== ""} aria-describedby={error ? `${id}w` : undefined}
          />
          <button
            type="button" className="btn icon" onClick={() => setShown(!shown)}
            aria-label={shown ? "Hide password" : "Show password"} title={shown ? "Hide password" : "Show password"}
          >
            <Icon aria-hidden="true" />
          </button>
        </div>
        {error && (
          <p id={`${id}w`} className="help bad" role="alert">
            <CircleAlert aria-hidden="true" />
            <span>{error}</span>
          </p>
        )}
      </div>
      {children(busy)}
    </form>
  );
}

/** The page's form. It can be filled in before React is there, but not sent: the browser itself would send it, to a page
 *  that takes no passwords. */
export function SignIn() {
  const [isThere, setThere] = useState(false);
  useEffect(() => setThere(true), []);
  const next = () => safeNext(new URLSearchParams(window.location.search).get("next"));
  return (
    <Credentials fieldSize="tall" onSignedIn={() => leave(next())}>
      {(busy) => (
        <button type="submit" className="btn ink tall wide" disabled={!isThere} aria-disabled={busy}>
          {busy ? "Signing in" : "Sign in"}
        </button>
      )}
    </Credentials>
  );
}

/** Which server this is; known only in the browser. */
export function Host() {
  const [host, setHost] = useState("");
  useEffect(() => setHost(window.location.host), []);
  return <span>{host}</span>;
}
