import { FileIcon, FileText, FileVideo, ImageIcon, ImageOff } from "../lib/icons.js";
import { useAddress } from "./useAddress.js";

function iconFor({ state, mime }) {
  if (state === "failed") return ImageOff;
  if (mime.startsWith("image/")) return ImageIcon;
  if (mime.startsWith("video/")) return FileVideo;
  if (mime.startsWith("text/") || mime === "application/pdf") return FileText;
  return FileIcon;
}

/** The picture, or what kind of file it is. */
export function Thumb({ row }) {
  const [url, failed] = useAddress(row, "thumb", row.thumbUrl);
  if (url) return <img className="thumb" src={url} alt="" loading="lazy" decoding="async" onError={failed} />;
  const Icon = iconFor(row);
  return <span className="thumb"><Icon aria-hidden="true" /></span>;
}
