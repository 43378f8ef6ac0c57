// Over any page whose session has ended: sign in again and go on, with everything on the page still there.
// A visitor who was never signed in on it (no email) is sent to the sign-in page by the server instead, also when a
// request of the page was refused before that.

import { useEffect, useRef, useState } from "react";
import * as Dialog from "@radix-ui/react-dialog";
import { Credentials } from "./SignIn.jsx";
import { client, SESSION_ENDED, SIGNED_IN } from "../gallery/api.js";
import { plural } from "../gallery/words.js";
import { leave, reconnect } from "../lib/session.js";

export function SessionEnded({ email, ended }) {
  const [open, setOpen] = useState(false);
  const [waiting, setWaiting] = useState(0);

  const goOn = (user) => {
    if (user.email !== email) {
      leave("/"); // somebody else: nothing of the other person's may stay on the page
      return;
    }
    setOpen(false);
    reconnect();
    window.dispatchEvent(new CustomEvent(SIGNED_IN));
  };

  // What says that the session is over may be about the one before: a request that was on its way, the websocket, which
  // has the cookie that it connected with, or another tab has signed in. So the server is asked once more.
  const doubt = useRef(null);
  const asking = useRef(false);
  doubt.current = async () => {
    if (open || asking.current) return;
    asking.current = true;
    const user = await client.request("GET", "/api/me").catch(() => null);
    asking.current = false;
    if (!user) setOpen(true);
    else if (email) goOn(user);
  };

  useEffect(() => {
    if (ended) doubt.current();
  }, [ended]);

  useEffect(() => {
    const listen = ({ detail }) => {
      if (detail?.waiting !== undefined) setWaiting(detail.waiting);
      doubt.current();
    };
    window.addEventListener(SESSION_ENDED, listen);
    return () => window.removeEventListener(SESSION_ENDED, listen);
  }, []);

  const elsewhere = () => leave(`/login?next=${encodeURIComponent(window.location.pathname)}`);

  return (
    <Dialog.Root open={open && email !== ""}>
      <Dialog.Portal>
        <Dialog.Overlay className="dimmer sheet">
          <Dialog.Content
            className="dialog" onEscapeKeyDown={(event) => event.preventDefault()}
            onInteractOutside={(event) => event.preventDefault()}
          >
            <div>
              <Dialog.Title asChild><h2>Sign in again to continue</h2></Dialog.Title>
              <Dialog.Description asChild>
                <p>
                  Your session ended. You stay on this page
                  {waiting > 0 && `, and ${plural(waiting, "upload")} ${waiting === 1 ? "waits" : "wait"} for you`}.
                </p>
              </Dialog.Description>
            </div>
            <Credentials email={email} onSignedIn={goOn}>
              {(busy) => (
                <div className="do">
                  <button type="button" className="btn" onClick={elsewhere}>Use another account</button>
                  <button type="submit" className="btn ink" aria-disabled={busy}>
                    {busy ? "Signing in" : "Sign in and continue"}
                  </button>
                </div>
              )}
            </Credentials>
          </Dialog.Content>
        </Dialog.Overlay>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
