import { useState } from "react";
import { request } from "../gallery/api.js";
import { say } from "../gallery/toasts.js";
import { plural } from "../gallery/words.js";
import { RotateCw } from "../lib/icons.js";

/** Asks again for the image of every failed file; those that cannot succeed stay as they are. */
export function RetryAll({ workspace }) {
  const [busy, setBusy] = useState(false);

  async function retry() {
    setBusy(true);
    try {
      const { retried } = await request("POST", "/api/files/retry", { body: { workspaceId: workspace } });
      say(retried ? `${plural(retried, "file")} on the way again` : "Another try would not help any of these files");
    } catch (error) {
      // 401 is answered by asking to sign in again.
      if (error.status !== 401) say(`No new try. ${error.message}`, { bad: true });
    } finally {
      setBusy(false);
    }
  }

  return (
    <button type="button" className="btn line" onClick={retry} disabled={busy}>
      <RotateCw aria-hidden="true" />
      Retry all
    </button>
  );
}
