// Making a token: its form, then its secret. The secret is in this component only, for as long as it is shown.

import { useId, useState } from "react";
import { request } from "../gallery/api.js";
import { Copyable } from "../lib/Copyable.jsx";
import { Dialog } from "../lib/Dialog.jsx";
import { Choice, Field, Wrong } from "../lib/Field.jsx";
import { Opener } from "../lib/Opener.jsx";
import { Time } from "../lib/Time.jsx";
import { changed, faultOf } from "../lib/useRest.js";
import { nameOf, SCOPES } from "./scopes.js";

const DAYS = [
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "", label: "Never" },
];

/** The button, and what it opens. */
export function CreateToken({ places, compact = false }) {
  const [step, setStep] = useState(null); // "form", then the token that was made
  const close = () => setStep(null);
  return (
    <>
      <Opener label="Create a token" compact={compact} onOpen={() => setStep("form")} />
      {step === "form" && <Form places={places} onMade={setStep} onClose={close} />}
      {step?.secret && <Secret token={step} onClose={close} />}
    </>
  );
}

function Form({ places, onMade, onClose }) {
  const [scopes, setScopes] = useState(["read"]);
  const [chosen, setChosen] = useState(null); // ids of workspaces; null: all
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);

  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    const { name, expires } = event.currentTarget.elements;
    const days = Number(expires.value);
    const wanted = {
      name: name.value.trim(),
      scopes: SCOPES.map(({ scope }) => scope).filter((scope) => scopes.includes(scope)),
      ...(chosen ? { workspaceIds: chosen } : {}),
      ...(days ? { expiresAt: new Date(Date.now() + days * 86_400_000).toISOString() } : {}),
    };
    setBusy(true);
    setProblem(null);
    try {
      const token = await request("POST", "/api/tokens", { body: wanted });
      changed("tokens");
      onMade(token);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  const toggle = (scope, on) => setScopes((was) => (on ? [...was, scope] : was.filter((one) => one !== scope)));
  const ofName = faultOf(problem, "/name");
  return (
    <Dialog title="Create a token" onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <Field label="Name" help="What will use it. Only you see this." wrong={ofName}>
          {(field) => <input {...field} name="name" className="input" required maxLength={120} autoComplete="off" autoFocus />}
        </Field>
        <fieldset className="field">
          <legend>It may</legend>
          {SCOPES.map(({ scope, name, says }) => (
            <label key={scope} className="check">
              <input type="checkbox" checked={scopes.includes(scope)} onChange={(event) => toggle(scope, event.target.checked)} />
              <span>
                <b>{name}</b>
                <span className="small muted">{says}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Where places={places} chosen={chosen} onChoose={setChosen} />
        <Field label="Expires">{(field) => <Choice {...field} name="expires" options={DAYS} defaultValue="90" />}</Field>
        <Wrong>{problem && problem.status !== 401 && !ofName && problem.message}</Wrong>
        <div className="do">
          <button type="button" className="btn" onClick={onClose}>Cancel</button>
          <button type="submit" className="btn ink" aria-disabled={busy} disabled={!scopes.length || chosen?.length === 0}>
            {busy ? "Creating" : "Create token"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** All workspaces, those of later too, or some of them. */
function Where({ places, chosen, onChoose }) {
  const name = useId();
  const toggle = (id, on) => onChoose(places.map((place) => place.id).filter((one) => (one === id ? on : chosen.includes(one))));
  return (
    <fieldset className="field">
      <legend>Workspaces</legend>
      <label className="check">
        <input type="radio" name={name} checked={!chosen} onChange={() => onChoose(null)} />
        <span>All of mine</span>
      </label>
      <label className="check">
        <input type="radio" name={name} checked={Boolean(chosen)} onChange={() => onChoose([])} />
        <span>Only some</span>
      </label>
      {chosen && (
        <div className="some" role="group" aria-label="Which workspaces">
          {places.map((place) => (
            <label key={place.id} className="check">
              <input
                type="checkbox" checked={chosen.includes(place.id)}
                onChange={(event) => toggle(place.id, event.target.checked)}
              />
              <span className="cut" title={place.name}>{place.name}</span>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}

function Secret({ token, onClose }) {
  return (
    <Dialog
      title="Copy your token now" wide firmly onClose={onClose}
      text="This is the only time it is shown. If you lose it, revoke it and create another."
    >
      <Copyable text={token.secret} main />
      <dl className="facts">
        <dt>Name</dt>
        <dd>{token.name}</dd>
        <dt>May</dt>
        <dd>{token.scopes.map(nameOf).join(", ")}</dd>
        <dt>Expires</dt>
        <dd>{token.expiresAt ? <Time at={token.expiresAt} form="long" /> : "Never"}</dd>
      </dl>
      <div className="do">
        <button type="button" className="btn line" onClick={onClose}>I have copied it</button>
      </div>
    </Dialog>
  );
}
