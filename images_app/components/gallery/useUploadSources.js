import { useEffect, useState } from "react";
import { carriesFiles, filesFrom, inField } from "./picking.js";

/**
 * Everything by which files come in: dropped anywhere, pasted, and the window event `aeontel:upload` of other buttons
 * (detail {folder: true} for a folder).
 *
 * @returns how many files hang over the page, or 0; -1 when the browser does not tell
 */
export function useUploadSources({ enabled, add, choose }) {
  const [drag, setDrag] = useState(0);

  useEffect(() => {
    if (!enabled) return undefined;
    let depth = 0;
    const over = (event) => carriesFiles(event) && event.preventDefault();
    function enter(event) {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth += 1;
      const count = [...event.dataTransfer.items].filter(({ kind }) => kind === "file").length;
      setDrag(count || -1);
    }
    function leave(event) {
      if (!carriesFiles(event)) return;
      depth = event.relatedTarget ? Math.max(0, depth - 1) : 0;
      if (!depth) setDrag(0);
    }
    function drop(event) {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setDrag(0);
      filesFrom(event.dataTransfer).then(add);
    }
    function paste(event) {
      if (inField(event.target) || !event.clipboardData?.files.length) return;
      event.preventDefault();
      add([...event.clipboardData.files]);
    }
    const upload = (event) => choose(event.detail ?? {});
    const listeners = { dragover: over, dragenter: enter, dragleave: leave, drop, paste, "aeontel:upload": upload };
    Object.entries(listeners).forEach(([type, listener]) => window.addEventListener(type, listener));
    return () => Object.entries(listeners).forEach(([type, listener]) => window.removeEventListener(type, listener));
  }, [enabled, add, choose]);

  return drag;
}
