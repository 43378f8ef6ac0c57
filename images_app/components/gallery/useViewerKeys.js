import { useRef } from "react";
import { inField } from "./picking.js";

const CHORD = 1_500;
const KEYS = { ArrowLeft: "prev", ArrowRight: "next", i: "info", z: "zoom", d: "download", Delete: "remove", "Shift+Delete": "trash" };
const AFTER_C = { u: "url", m: "markdown", h: "html" };

/** Keys of the viewer: single ones, and C followed by what to copy. */
export function useViewerKeys(run) {
  const chord = useRef(0);
  return (event) => {
    if (event.defaultPrevented || inField(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("[role=menu], .dialog")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const inChord = Date.now() - chord.current < CHORD;
    chord.current = key === "c" ? Date.now() : 0;
    const name = inChord ? AFTER_C[key] : KEYS[`${event.shiftKey && key === "Delete" ? "Shift+" : ""}${key}`];
    // The viewer itself moves with the arrows while the focus is in it.
    const itsOwn = key.startsWith("Arrow") && event.target.closest(".yarl__root");
    if (!name || itsOwn) return;
    event.preventDefault();
    run[name]();
  };
}
