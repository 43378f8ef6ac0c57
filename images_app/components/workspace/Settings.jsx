// A workspace's name, what is in it, and how much may be.

import { useState } from "react";
import { request } from "../gallery/api.js";
import { Toasts } from "../gallery/Toasts.jsx";
import { say } from "../gallery/toasts.js";
import { bytes, count, limit } from "../gallery/words.js";
import { Field, Wrong } from "../lib/Field.jsx";
import { Broken } from "../lib/Lists.jsx";
import { Meter } from "../lib/Meter.jsx";
import { changed, faultOf, useThing } from "../lib/useRest.js";
import { Limits } from "./Limits.jsx";

const counts = ({ type }) => /^(file|image|workspace)\./.test(type);

export function WorkspaceSettings({ place, isAdmin }) {
  const path = place.id ? `/api/workspaces/${place.id}` : null;
  const { value, status, error, again } = useThing(path, { what: "workspace", hears: counts });
  if (status === "error") return <div className="page"><Broken name="The settings" error={error} onRetry={again} /></div>;
  return (
    <>
      <div className="page" aria-busy={!value}>
        {value && (
          <div className="stack narrow">
            {value.role === "owner" && <Name key={value.id} workspace={value} path={path} />}
            <Usage workspace={value} />
            {isAdmin && <Limits key={JSON.stringify(value.ownQuota)} workspace={value} path={path} />}
          </div>
        )}
      </div>
      <Toasts />
    </>
  );
}

function Name({ workspace, path }) {
  const [name, setName] = useState(workspace.name);
  const [problem, setProblem] = useState(null);
  const isSame = name.trim() === workspace.name;

  async function submit(event) {
    event.preventDefault();
    if (isSame) return;
    setProblem(null);
    try {
      await request("PATCH", path, { body: { name: name.trim() } });
      changed("workspace");
      say("Workspace renamed");
    } catch (error) {
      setProblem(error);
    }
  }

  const ofName = faultOf(problem, "/name");
  return (
    <section className="card padded" aria-labelledby="ws-name">
      <h2 id="ws-name">Workspace</h2>
      <form className="form" onSubmit={submit}>
        <Field label="Name" help="Every member sees it." wrong={ofName}>
          {(field) => (
            <input
              {...field} name="name" className="input" required maxLength={120} autoComplete="off"
              value={name} onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Wrong>{problem && problem.status !== 401 && !ofName && problem.message}</Wrong>
        <div className="do left"><button type="submit" className="btn line" disabled={isSame || !name.trim()}>Rename</button></div>
      </form>
    </section>
  );
}

const of = (used, most, say, sayMost) => (most === null ? say(used) : `${say(used)} of ${sayMost(most)}`);

function Usage({ workspace }) {
  const { images, files, trash, quota } = workspace;
  return (
    <section className="card padded" aria-labelledby="ws-usage">
      <h2 id="ws-usage">What is in it</h2>
      <Meter name="Storage" used={workspace.bytes} most={quota.bytes} said={of(workspace.bytes, quota.bytes, bytes, limit)} />
      <Meter name="Files" used={files + trash} most={quota.files} said={of(files + trash, quota.files, count, count)} />
      <p className="small muted num">
        {count(images)} in the gallery, {count(trash)} in the trash. What is in the trash still counts.
      </p>
    </section>
  );
}
