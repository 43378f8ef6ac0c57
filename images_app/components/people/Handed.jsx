import { Copyable } from "../lib/Copyable.jsx";
import { Dialog } from "../lib/Dialog.jsx";
import { Time } from "../lib/Time.jsx";

/** A link with which somebody sets their password: to copy, or told that it is on its way by mail. Shown once. */
export function Handed({ email, link, title, onClose }) {
  if (!link.url) {
    return (
      <Dialog title={title} text={`We have sent ${link.sentTo ?? email} a link to set a password.`} onClose={onClose}>
        <div className="do"><button type="button" className="btn line" onClick={onClose}>Done</button></div>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={title} wide firmly onClose={onClose}
      text={`Send ${email} this link to set a password. It works once, and this is the only time it is shown.`}
    >
      <Copyable text={link.url} main />
      <p className="small muted">
        Whoever has the link becomes {email}: send it to nobody else. It ends on <Time at={link.expiresAt} form="long" />.
      </p>
      <div className="do"><button type="button" className="btn line" onClick={onClose}>I have copied it</button></div>
    </Dialog>
  );
}
