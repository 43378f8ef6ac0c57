// One's own account: the password, and where one is signed in.

import { useState } from "react";
import { request } from "../gallery/api.js";
import { Toasts } from "../gallery/Toasts.jsx";
import { say } from "../gallery/toasts.js";
import { Question } from "../lib/Question.jsx";
import { Time } from "../lib/Time.jsx";
import { leave } from "../lib/session.js";
import { More } from "../lib/Lists.jsx";
import { useList } from "../lib/useList.js";
import { changed } from "../lib/useRest.js";
import { ChangePassword } from "./ChangePassword.jsx";
import { browserOf } from "./browser.js";

export function AccountPage({ email }) {
  const [question, setQuestion] = useState(null);
  return (
    <>
      <div className="page">
        <div className="stack narrow">
          <p className="soft">You are signed in as <b>{email}</b>.</p>
          <ChangePassword email={email} />
          <Devices onAsk={setQuestion} />
        </div>
      </div>
      {question && <Question {...question} onClose={() => setQuestion(null)} />}
      <Toasts />
    </>
  );
}

function Devices({ onAsk }) {
  const { rows, next, total, status, again, more } = useList("/api/sessions", { what: "sessions" });
  const others = total - 1;

  const end = async ({ id }) => {
    try {
      await request("DELETE", `/api/sessions/${id}`);
    } catch (problem) {
      if (problem.status === 401) return;
      if (problem.status !== 404) say(`Still signed in there. ${problem.message}`, { bad: true });
    }
    changed("sessions");
  };
  const endOthers = async () => {
    await request("DELETE", "/api/sessions?others=1");
    changed("sessions");
    say("Signed out everywhere else");
  };
  const endAll = async () => {
    await request("DELETE", "/api/sessions");
    leave("/login");
  };

  return (
    <section className="card" aria-labelledby="devices">
      <header><h2 id="devices">Where you are signed in</h2></header>
      <ul className="devices" aria-busy={status === "loading"}>
        {status === "error" && (
          <li>
            <span className="grow soft">The list could not be loaded.</span>
            <button type="button" className="btn mini line" onClick={again}>Try now</button>
          </li>
        )}
        {rows.map((session) => (
          <li key={session.id}>
            <span className="grow">
              <b className="cut" title={session.userAgent}>{browserOf(session.userAgent)}</b>
              <span className="small muted num">
                {session.isCurrent ? "This device" : <>Last used <Time at={session.lastUsedAt} form="inner" /></>}
                {", signed in "}
                <Time at={session.createdAt} form="inner" />
              </span>
            </span>
            {!session.isCurrent && (
              <button
                type="button" className="btn mini soft" onClick={() => end(session)}
                aria-label={`Sign out ${browserOf(session.userAgent)}`}
              >
                Sign out
              </button>
            )}
          </li>
        ))}
      </ul>
      <More name="devices" next={next} shown={rows.length} status={status} onMore={more} />
      <footer>
        {others > 0 && (
          <button
            type="button" className="btn line"
            onClick={() => onAsk({
              title: "Sign out everywhere else?", text: "Every other device has to sign in again. This one stays.",
              act: "Sign out the others", onAct: endOthers,
            })}
          >
            Sign out everywhere else
          </button>
        )}
        <button
          type="button" className="btn danger"
          onClick={() => onAsk({
            title: "Sign out everywhere?",
            text: "Every device has to sign in again, this one too. API tokens go on working: revoke them on their own page.",
            act: "Sign out everywhere", onAct: endAll,
          })}
        >
          Sign out everywhere
        </button>
      </footer>
    </section>
  );
}
