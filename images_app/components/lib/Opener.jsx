import { Plus } from "./icons.js";

/** The one filled button of a page's bar, which opens a dialog. `compact`: the phone's, only its sign. */
export function Opener({ label, compact, onOpen }) {
  return compact ? (
    <button type="button" className="btn icon on-phone" aria-label={label} title={label} onClick={onOpen}>
      <Plus aria-hidden="true" />
    </button>
  ) : (
    <button type="button" className="btn ink on-desk" onClick={onOpen}>
      <Plus aria-hidden="true" />
      {label}
    </button>
  );
}
