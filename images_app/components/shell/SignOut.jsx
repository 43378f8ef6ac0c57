import { useState } from "react";
import { signOut } from "../lib/session.js";

/** A plain button for the pages that have no account menu. */
export function SignOut() {
  const [failed, setFailed] = useState(false);
  return (
    <>
      <button type="button" className="btn line" onClick={async () => setFailed(!(await signOut()))}>Sign out</button>
      {failed && <p role="alert" className="note">The server cannot be reached. Try again in a moment.</p>}
    </>
  );
}
