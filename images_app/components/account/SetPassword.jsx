// Where a link from an invitation or a reset leads. Its secret stands behind the # of the address, which no browser
// sends anywhere, and is taken out of the address before anything else on the page runs. It goes from here into the
// body of two requests and nowhere else.

import { useEffect, useState } from "react";
import { request } from "../gallery/api.js";
import { Field, Password, Wrong } from "../lib/Field.jsx";
import { faultOf } from "../lib/useRest.js";
import { leave } from "../lib/session.js";

function take() {
  if (typeof window === "undefined" || !/^\/password\/?$/.test(window.location.pathname)) return "";
  const secret = window.location.hash.slice(1);
  if (secret) window.history.replaceState(window.history.state, "", window.location.pathname);
  return secret;
}

let handed = take();

export function SetPassword() {
  const [state, setState] = useState({ step: "waiting" });

  useEffect(() => {
    let isHere = true;
    async function look() {
      if (!handed) return setState({ step: "without" });
      setState({ step: "waiting" });
      const next = await request("POST", "/api/password/check", { body: { token: handed } }).then(
        (link) => ({ step: "form", link }),
        (problem) => ({ step: problem.status === 404 || problem.status === 400 ? "over" : "lost", problem }),
      );
      if (isHere) setState({ ...next, again: look });
    }
    const another = () => {
      handed = take() || handed;
      look();
    };
    look();
    window.addEventListener("hashchange", another);
    return () => {
      isHere = false;
      window.removeEventListener("hashchange", another);
    };
  }, []);

  const { step, link, problem, again } = state;
  if (step === "form") return <Choose link={link} onOver={() => setState({ step: "over" })} />;
  if (step === "waiting") return <div aria-busy="true" />;
  if (step === "lost") {
    return (
      <>
        <Heading title="The link could not be looked at" text={problem.message} />
        <button type="button" className="btn ink tall" onClick={again}>Try again</button>
      </>
    );
  }
  return <Forgotten isOver={step === "over"} />;
}

const Heading = ({ title, text }) => (
  <div>
    <h1>{title}</h1>
    <p>{text}</p>
  </div>
);

function Choose({ link, onOver }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);

  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const password = event.currentTarget.elements.password.value;
    setBusy(true);
    setProblem(null);
    try {
      await request("POST", "/api/password", { body: { token: handed, password } });
      leave("/");
    } catch (error) {
      if (error.status === 404) return onOver();
      setProblem(error);
      setBusy(false);
    }
  }

  const ofPassword = faultOf(problem, "/password");
  const isNew = link.purpose === "invite";
  return (
    <>
      <Heading title={isNew ? "Welcome to Aeontel Images" : "Set a new password"} text={`for ${link.email}`} />
      <form className="credentials" method="post" onSubmit={submit}>
        <input type="email" name="username" autoComplete="username" value={link.email} readOnly hidden />
        <Field label={isNew ? "Choose a password" : "New password"} help="At least 8 characters. A few words are good." wrong={ofPassword}>
          {(field) => <Password {...field} name="password" tall autoComplete="new-password" autoFocus />}
        </Field>
        <Wrong>{problem && !ofPassword && problem.message}</Wrong>
        <button type="submit" className="btn ink tall wide" aria-disabled={busy}>
          {busy ? "Setting the password" : "Set password and sign in"}
        </button>
      </form>
      {!isNew && <p className="small muted">Every device that is signed in with the old password is signed out.</p>}
    </>
  );
}

/** Without a link, or with one that has ended: how to get one depends on whether this server can send mail. */
function Forgotten({ isOver }) {
  const [mail, setMail] = useState(null);
  const [sent, setSent] = useState("");
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    request("GET", "/api/limits").then((limits) => setMail(Boolean(limits.mail)), () => setMail(false));
  }, []);

  async function submit(event) {
    event.preventDefault();
    const email = event.currentTarget.elements.email.value.trim();
    setProblem(null);
    try {
      await request("POST", "/api/password/forgotten", { body: { email } });
      setSent(email);
    } catch (error) {
      setProblem(error);
    }
  }

  const title = isOver ? "This link has ended" : "Forgot your password?";
  if (sent) return <Heading title="Look into your mail" text={`If ${sent} has an account here, a link to set a password is on its way.`} />;
  if (mail === null) return <div aria-busy="true" />;
  if (!mail) {
    return (
      <>
        <Heading
          title={title}
          text={isOver ? "It was used already, it is too old, or a newer one took its place. Ask for another one." : "Ask an administrator of this server for a link to set a new one."}
        />
        <a className="btn line tall" href="/login">Go to sign in</a>
      </>
    );
  }
  return (
    <>
      <Heading title={title} text={isOver ? "It was used already, it is too old, or a newer one took its place." : "We send you a link to set a new one."} />
      <form className="credentials" method="post" onSubmit={submit}>
        <Field label="Email" wrong={problem?.message}>
          {(field) => <input {...field} name="email" type="email" className="input tall" required maxLength={320} autoComplete="username" />}
        </Field>
        <button type="submit" className="btn ink tall wide">Send a link</button>
      </form>
      <a className="small" href="/login">Go to sign in</a>
    </>
  );
}
