// The tokens of the signed-in person: what each may do, when it was used, and the way to end it.

import { useState } from "react";
import { request } from "../gallery/api.js";
import { Toasts } from "../gallery/Toasts.jsx";
import { say } from "../gallery/toasts.js";
import { count } from "../gallery/words.js";
import { Copyable } from "../lib/Copyable.jsx";
import { KeyRound } from "../lib/icons.js";
import { Broken, Face, More, Waiting } from "../lib/Lists.jsx";
import { Question } from "../lib/Question.jsx";
import { Time } from "../lib/Time.jsx";
import { useList } from "../lib/useList.js";
import { useOrigin } from "../lib/useOrigin.js";
import { changed } from "../lib/useRest.js";
import { nameOf } from "./scopes.js";

const HEADS = ["Name", "May", "Workspaces", "Last used", "Expires"];
const WEEK = 7 * 86_400_000;

export function Tokens({ places }) {
  const { rows, next, status, error, again, more } = useList("/api/tokens", { what: "tokens" });
  const [asking, setAsking] = useState(null);

  async function revoke({ id, name }) {
    // Somebody was faster when it is gone already, which is what was wanted.
    await request("DELETE", `/api/tokens/${id}`).catch((problem) => {
      if (problem.status !== 404) throw problem;
    });
    changed("tokens");
    say(`${name} revoked`);
  }

  return (
    <>
      <div className="page">
        {status === "loading" && <Waiting name="tokens" />}
        {status === "error" && <Broken name="The tokens" error={error} onRetry={again} />}
        {status === "ready" && !rows.length && (
          <Face
            icon={KeyRound} title="No tokens yet"
            text="A token lets a program act as you, never with more rights than you have at that moment."
          />
        )}
        {rows.length > 0 && (
          <>
            <p className="lead soft">
              A token lets a program act as you, never with more rights than you have at that moment. Use one per
              program, so that you can revoke it alone.
            </p>
            <div className="table tokens" role="table" aria-label="API tokens">
              <div className="tr head" role="row">
                {HEADS.map((name) => <span key={name} role="columnheader">{name}</span>)}
                <span role="columnheader"><span className="sr">Actions</span></span>
              </div>
              {rows.map((token) => <Row key={token.id} token={token} places={places} onRevoke={() => setAsking(token)} />)}
            </div>
            <More name="tokens" next={next} shown={rows.length} status={status} onMore={more} />
          </>
        )}
        {status === "ready" && !next && <Example />}
      </div>
      {asking && (
        <Question
          title={`Revoke ${asking.name}?`} text="What uses it stops working at once. This cannot be undone."
          keep="Keep it" act="Revoke token" onAct={() => revoke(asking)} onClose={() => setAsking(null)}
        />
      )}
      <Toasts />
    </>
  );
}

function Row({ token, places, onRevoke }) {
  const { name, hint, scopes, workspaceIds, lastUsedAt, expiresAt } = token;
  const left = expiresAt ? new Date(expiresAt) - Date.now() : Infinity;
  return (
    <div className="tr" role="row">
      <div role="cell" className="first">
        <b className="cut" title={name}>{name}</b>
        <code className="muted">{hint}…</code>
      </div>
      <div role="cell" className="badges">
        {scopes.map((scope) => <span key={scope} className="badge plain">{nameOf(scope)}</span>)}
      </div>
      <div role="cell" className="soft cut">{where(workspaceIds, places)}</div>
      <div role="cell" className="soft num" data-name="Last used">
        {lastUsedAt ? <Time at={lastUsedAt} form="ago" /> : "Never"}
      </div>
      <div role="cell" className={`num ${left <= 0 ? "bad" : left < WEEK ? "wait" : "soft"}`} data-name={expiresAt && left > 0 ? "Expires" : undefined}>
        {left <= 0 ? "Expired" : expiresAt ? <Time at={expiresAt} form="date" /> : <>Never<span className="on-phone"> expires</span></>}
      </div>
      <div role="cell" className="acts">
        <button type="button" className="btn danger mini" aria-label={`Revoke ${name}`} onClick={onRevoke}>Revoke</button>
      </div>
    </div>
  );
}

function where(ids, places) {
  if (!ids) return "All of mine";
  const names = ids.map((id) => places.find((place) => place.id === id)?.name).filter(Boolean);
  if (names.length === ids.length) return names.join(", ");
  return ids.length === 1 ? "1 workspace" : `${count(ids.length)} workspaces`;
}

function Example() {
  const origin = useOrigin();
  const command = `curl -H "Authorization: Bearer $AEONTEL_TOKEN" ${origin}/api/images`;
  return <div className="example">{origin && <Copyable prompt="$" text={command} label="Copy command" />}</div>;
}
