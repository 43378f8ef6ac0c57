import { useState } from "react";
import { request } from "../gallery/api.js";
import { say } from "../gallery/toasts.js";
import { Choice, Field, Wrong } from "../lib/Field.jsx";
import { changed } from "../lib/useRest.js";

const GB = 1e9;
const KINDS = [
  { value: "default", label: "As on this server" },
  { value: "none", label: "No limit" },
  { value: "own", label: "At most" },
];

const kindOf = (own) => (own === null ? "default" : own === 0 ? "none" : "own");

/** What the API is told: null for the server's own limit, 0 for none. */
function wanted({ kind, amount }, unit) {
  if (kind === "default") return null;
  return kind === "none" ? 0 : Math.round(Number(amount) * unit);
}

/** How much fits into a workspace; for admins. */
export function Limits({ workspace, path }) {
  const { ownQuota } = workspace;
  const [room, setRoom] = useState({ kind: kindOf(ownQuota.bytes), amount: ownQuota.bytes ? ownQuota.bytes / GB : "" });
  const [files, setFiles] = useState({ kind: kindOf(ownQuota.files), amount: ownQuota.files || "" });
  const [problem, setProblem] = useState(null);

  async function submit(event) {
    event.preventDefault();
    setProblem(null);
    try {
      await request("PATCH", path, { body: { quotaBytes: wanted(room, GB), quotaFiles: wanted(files, 1) } });
      changed("workspace");
      say("Limits changed");
    } catch (error) {
      setProblem(error);
    }
  }

  return (
    <section className="card padded" aria-labelledby="ws-limits">
      <h2 id="ws-limits">Limits</h2>
      <form className="form" onSubmit={submit}>
        <Limit label="Storage" unit="GB" step="any" value={room} onChange={setRoom} />
        <Limit label="Files" unit="files" step="1" value={files} onChange={setFiles} />
        <Wrong>{problem && problem.status !== 401 && problem.message}</Wrong>
        <div className="do left"><button type="submit" className="btn line">Change limits</button></div>
      </form>
    </section>
  );
}

function Limit({ label, unit, step, value, onChange }) {
  return (
    <div className="pair">
      <Field label={label}>
        {(field) => (
          <Choice {...field} options={KINDS} value={value.kind} onChange={({ target }) => onChange({ ...value, kind: target.value })} />
        )}
      </Field>
      {value.kind === "own" && (
        <Field label={`Most, in ${unit}`}>
          {(field) => (
            <input
              {...field} className="input num" type="number" required min={step === "1" ? 1 : 0.000001} step={step}
              value={value.amount} onChange={({ target }) => onChange({ ...value, amount: target.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}
