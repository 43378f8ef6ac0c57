import React from "react";
import "./over.css";
import { ImageUp } from "./icons.js";
import { limit, plural } from "./words.js";

export function DropOverlay({ count, workspaceName, maxBytes }) {
  const what = count > 0 ? plural(count, "file") : "files";
  return (
    <div className="ag-drop" role="status">
      <div>
        <span className="glyph accent">
          <ImageUp aria-hidden />
        </span>
        <h2>
          Drop {what}
          {workspaceName ? ` into ${workspaceName}` : ""}
        </h2>
        <p>Pictures appear in the gallery. Everything else is kept in Files.</p>
        {maxBytes && <p className="note">Up to {limit(maxBytes)} each</p>}
      </div>
    </div>
  );
}
