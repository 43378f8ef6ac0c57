import { Upload } from "../lib/icons.js";

const ask = () => window.dispatchEvent(new CustomEvent("aeontel:upload"));

/** Asks the gallery for its file picker; the phone's is the round one in the middle. */
export function UploadButton({ compact = false }) {
  if (compact) {
    return (
      <button type="button" className="go" aria-label="Upload" onClick={ask}>
        <span><Upload aria-hidden="true" /></span>
      </button>
    );
  }
  return (
    <button type="button" className="btn ink on-desk" onClick={ask}>
      <Upload aria-hidden="true" />
      Upload
    </button>
  );
}
