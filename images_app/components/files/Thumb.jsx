import { useState } from "react";
import { FileIcon, FileText, FileVideo, ImageIcon, ImageOff } from "../lib/icons.js";

function iconFor({ state, mime }) {
  if (state === "failed") return ImageOff;
  if (mime.startsWith("image/")) return ImageIcon;
  if (mime.startsWith("video/")) return FileVideo;
  if (mime.startsWith("text/") || mime === "application/pdf") return FileText;
  return FileIcon;
}

/** The picture, or what kind of file it is. */
export function Thumb({ row }) {
  const [broken, setBroken] = useState(null);
  const url = row.thumbUrl;
  if (url && broken !== url) {
    return <img className="thumb" src={url} alt="" loading="lazy" decoding="async" onError={() => setBroken(url)} />;
  }
  const Icon = iconFor(row);
  return <span className="thumb"><Icon aria-hidden="true" /></span>;
}
