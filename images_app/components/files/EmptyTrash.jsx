import { useState } from "react";
import { request } from "../gallery/api.js";
import { say } from "../gallery/toasts.js";
import { plural } from "../gallery/words.js";
import { Trash2 } from "../lib/icons.js";
import { Question } from "../lib/Question.jsx";
import { changed } from "../lib/useRest.js";

/** Deletes everything in the trash for good, after asking. `compact`: the phone's, only its sign. */
export function EmptyTrash({ workspace, total, compact = false }) {
  const [asking, setAsking] = useState(false);

  async function empty() {
    const { deleted } = await request("DELETE", `/api/files?trash=1&workspace_id=${workspace}`);
    changed("trash");
    say(`${plural(deleted, "file")} deleted for good`);
  }

  return (
    <>
      {compact ? (
        <button type="button" className="btn icon on-phone" aria-label="Empty trash" title="Empty trash" onClick={() => setAsking(true)}>
          <Trash2 aria-hidden="true" />
        </button>
      ) : (
        <button type="button" className="btn line on-desk" onClick={() => setAsking(true)}>
          <Trash2 aria-hidden="true" />
          Empty trash
        </button>
      )}
      {asking && (
        <Question
          title={`Delete ${plural(total, "file")} for good?`}
          text={`Everything in the trash is deleted from this workspace and cannot be brought back.`}
          keep={total === 1 ? "Keep it" : "Keep them"} act={`Delete ${plural(total, "file")} for good`}
          onAct={empty} onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
