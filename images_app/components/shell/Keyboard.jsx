import { useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { SESSION_ENDED } from "../gallery/api.js";
import { Modal } from "../gallery/Dialog.jsx";
import { inField } from "../gallery/picking.js";
import { Keyboard as Sign, X } from "../lib/icons.js";

const GALLERY = [
  ["Move", "←", "→", "↑", "↓"],
  ["First, last", "Home", "End"],
  ["Open", "Enter"],
  ["Select", "X"],
  ["Select up to here", "Shift", "X"],
  ["Select all", "Ctrl", "A"],
  ["Next month", "Shift", "J"],
  ["Previous month", "Shift", "K"],
];
const EVERYWHERE = [
  ["This list", "?"],
  ["Close or clear", "Esc"],
];
const PICTURE = [
  ["Previous, next", "←", "→"],
  ["Info", "I"],
  ["Zoom, fit", "Z"],
  ["Download original", "D"],
  ["Copy link", "C", "U"],
  ["Copy Markdown", "C", "M"],
  ["Copy HTML", "C", "H"],
];
const CHOSEN = [
  ["Remove from gallery", "Del"],
  ["Move file to trash", "Shift", "Del"],
];

/** The button of the list of keys, and `?`, which opens it from anywhere, also over an open picture. Only keys that do
 *  something for this person are in it. */
export function Keyboard({ mayWrite }) {
  const [open, setOpen] = useState(false);

  useEffect(() => {
    function key(event) {
      if (event.key !== "?" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (inField(event.target) || document.querySelector("[role=dialog], [role=alertdialog], [role=menu]")) return;
      event.preventDefault();
      setOpen((was) => !was);
    }
    const close = () => setOpen(false);
    document.addEventListener("keydown", key);
    window.addEventListener(SESSION_ENDED, close); // its dialog must not be under this one
    return () => {
      document.removeEventListener("keydown", key);
      window.removeEventListener(SESSION_ENDED, close);
    };
  }, []);

  return (
    <>
      <button
        type="button" className="btn icon mini" aria-label="Keyboard shortcuts (?)" title="Keyboard shortcuts (?)"
        onClick={() => setOpen(true)}
      >
        <Sign aria-hidden="true" />
      </button>
      {open && createPortal(<List mayWrite={mayWrite} onClose={() => setOpen(false)} />, document.body)}
    </>
  );
}

function List({ mayWrite, onClose }) {
  return (
    <Modal className="dialog ag-dialog keys" label="Keyboard shortcuts" onClose={onClose}>
      <header>
        <h2 className="grow">Keyboard shortcuts</h2>
        <button type="button" className="btn icon" aria-label="Close (Esc)" title="Close (Esc)" onClick={onClose}>
          <X aria-hidden="true" />
        </button>
      </header>
      <div className="columns">
        <div>
          <Group name="Gallery" keys={mayWrite ? [...GALLERY, ["Upload", "U"]] : GALLERY} />
          <Group name="Everywhere" keys={EVERYWHERE} />
        </div>
        <div>
          <Group name="Picture" keys={PICTURE} />
          {mayWrite && <Group name="Selected or open" keys={CHOSEN} />}
        </div>
      </div>
    </Modal>
  );
}

function Group({ name, keys }) {
  return (
    <section>
      <h3>{name}</h3>
      <dl>
        {keys.map(([what, ...pressed]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{pressed.map((key) => <kbd key={key} className="kbd">{key}</kbd>)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
