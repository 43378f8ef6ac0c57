import React from "react";
import { ChevronDown, Code, Copy, Download, Ellipsis, FileText, ImageMinus, Info, Link, PanelRight, Trash2, X, ZoomIn } from "./icons.js";
import { isSigned } from "./signing.js";
import { count } from "./words.js";

function IconButton({ icon: Icon, label, pressed, ...rest }) {
  return (
    <button type="button" className={`btn icon ${pressed ? "ag-on" : ""}`} aria-label={label} title={label} aria-pressed={pressed} {...rest}>
      <Icon aria-hidden />
    </button>
  );
}

/** Above the picture: the way back, its name and place, and what can be done. */
export function StageHead({ item, place, total, panel, zoom, run, toCopy, toMore }) {
  return (
    <div className="ag-head">
      <IconButton icon={X} label="Back to the gallery (Esc)" onClick={run.close} />
      <div className="ag-title">
        <b className="cut">{item.name}</b>
        {place && (
          <span className="num">
            {count(place)} of {count(total ?? place)}
          </span>
        )}
      </div>
      <span className="ag-tools on-desk">
        <button type="button" className="btn" aria-haspopup="menu" onClick={toCopy}>
          <Copy aria-hidden />
          Copy
          <ChevronDown aria-hidden className="small" />
        </button>
        <IconButton icon={Download} label="Download original (D)" onClick={run.download} />
        <IconButton icon={ZoomIn} label="Zoom (Z)" pressed={zoom > 1} onClick={run.zoom} />
        <IconButton icon={PanelRight} label="Info (I)" pressed={panel} onClick={run.info} />
      </span>
      <IconButton icon={Ellipsis} label="More actions" aria-haspopup="menu" onClick={toMore} />
    </div>
  );
}

/** The same within reach of a thumb. */
export function PhoneBar({ run, can, panel, toCopy }) {
  return (
    <nav className="ag-lbbar on-phone" aria-label="Picture actions">
      <button type="button" className="btn" aria-haspopup="menu" onClick={toCopy}>
        <Copy aria-hidden />
        Copy
      </button>
      <button type="button" className="btn" onClick={run.download}>
        <Download aria-hidden />
        Download
      </button>
      <button type="button" className="btn" aria-pressed={panel} onClick={run.info}>
        <Info aria-hidden />
        Info
      </button>
      {can.delete && (
        <button type="button" className="btn" onClick={run.remove}>
          <ImageMinus aria-hidden />
          Remove
        </button>
      )}
    </nav>
  );
}

export function copyRows(item, run) {
  return [
    { icon: Link, label: isSigned(item) ? "Signed URL, for a while" : "URL", keys: ["C", "U"], run: run.url },
    { icon: FileText, label: "Markdown", keys: ["C", "M"], run: run.markdown },
    { icon: Code, label: "HTML", keys: ["C", "H"], run: run.html },
    null,
    { icon: Copy, label: "Image id", run: run.id },
  ];
}

export function moreRows(item, { can, run }) {
  const rows = [{ icon: Download, label: "Download original", keys: ["D"], run: run.download }];
  if (!can.delete) return rows;
  rows.push(null, { icon: ImageMinus, label: "Remove from gallery", keys: ["Del"], run: run.remove });
  rows.push({ icon: Trash2, label: "Move file to trash", keys: ["Shift", "Del"], danger: true, run: run.trash });
  return rows;
}
