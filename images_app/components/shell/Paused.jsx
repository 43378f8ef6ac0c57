import { useState } from "react";
import { request } from "../gallery/api.js";
import { changed } from "../lib/useRest.js";
import { CircleAlert } from "../lib/icons.js";

const SAID = {
  full: {
    what: "Cloudflare Images is full.",
    todo: "Make room there or raise the plan, then resume.",
  },
  refused: {
    what: "Cloudflare does not accept this server’s token.",
    todo: "Put it right, restart the server if it is another one, then resume.",
  },
};

/** Says that no picture is made at present, to whom uploads, and to admins also what to do about it. */
export function Paused({ reason, message, mayResume }) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const { what, todo } = SAID[reason] ?? SAID.refused;

  async function resume() {
    if (busy) return;
    setBusy(true);
    setFailed("");
    try {
      await request("DELETE", "/api/provisioning/pause");
    } catch (error) {
      if (error.status !== 404) setFailed(error.message); // 404: somebody else was faster
    }
    setBusy(false);
    changed("provisioning");
  }

  return (
    <div className="notice bad above" role="status" aria-label="Provisioning is paused">
      <CircleAlert aria-hidden="true" />
      <span className="grow">
        {what} Uploads are kept and will appear later.{" "}
        {mayResume && <span className="soft" title={message}>{todo}</span>}
        {failed && <span role="alert"> {failed}</span>}
      </span>
      {mayResume && (
        <button type="button" className="btn mini line" onClick={resume} aria-disabled={busy}>
          {busy ? "Resuming" : "Resume now"}
        </button>
      )}
    </div>
  );
}
