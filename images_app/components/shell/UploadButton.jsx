import { useNavigate } from "react-router";
import { Upload } from "../lib/icons.js";

const PATIENCE = 3_000;
const ask = () => window.dispatchEvent(new CustomEvent("aeontel:upload"));

/** Asks as soon as the gallery is there. Browsers let a page open a file picker for some seconds after a press. */
function askWhenThere(since = performance.now()) {
  if (document.querySelector(".ag-gallery")) setTimeout(ask);
  else if (performance.now() - since < PATIENCE) setTimeout(askWhenThere, 50, since);
}

/** Opens the gallery's file picker, on another page (`gallery` says where it is) by way of the gallery.
 *  `compact` is the phone's, in the middle of the bottom bar. */
export function UploadButton({ compact = false, gallery }) {
  const navigate = useNavigate();
  function press() {
    if (!gallery) return ask();
    navigate(gallery);
    askWhenThere();
  }
  return compact ? (
    <button type="button" className="go" aria-label="Upload" onClick={press}>
      <span><Upload aria-hidden="true" /></span>
    </button>
  ) : (
    <button type="button" className="btn ink on-desk" onClick={press}>
      <Upload aria-hidden="true" />
      Upload
    </button>
  );
}
