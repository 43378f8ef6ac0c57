/** Width over height of a picture that is still on its way, from the first bytes of its file: no pixel is decoded. */

const HEAD = 256 * 1024;

/** @returns the ratio as displayed, or null where the format does not say it cheaply */
export async function ratioOfFile(file) {
  try {
    const view = new DataView(await file.slice(0, HEAD).arrayBuffer());
    const size = jpeg(view) ?? png(view) ?? gif(view) ?? webp(view);
    return size && size[0] > 0 && size[1] > 0 ? size[0] / size[1] : null;
  } catch {
    return null; // cut short or unreadable: the upload itself will say so
  }
}

function text(view, at, length) {
  let out = "";
  for (let i = 0; i < length; i++) out += String.fromCharCode(view.getUint8(at + i));
  return out;
}

function png(view) {
  if (view.byteLength < 24 || view.getUint32(0) !== 0x89504e47) return null;
  return [view.getUint32(16), view.getUint32(20)];
}

function gif(view) {
  if (view.byteLength < 10 || text(view, 0, 3) !== "GIF") return null;
  return [view.getUint16(6, true), view.getUint16(8, true)];
}

function webp(view) {
  if (view.byteLength < 30 || text(view, 0, 4) !== "RIFF" || text(view, 8, 4) !== "WEBP") return null;
  const u24 = (at) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  const kind = text(view, 12, 4);
  if (kind === "VP8X") return [u24(24) + 1, u24(27) + 1];
  if (kind === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (kind !== "VP8L") return null;
  const bits = view.getUint32(21, true);
  return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
}

function jpeg(view) {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  let turned = false;
  for (let at = 2; at + 9 < view.byteLength; ) {
    const marker = view.getUint16(at);
    if (marker >> 8 !== 0xff) return null;
    const length = view.getUint16(at + 2);
    if (marker === 0xffe1 && text(view, at + 4, 4) === "Exif") turned = exifTurns(view, at + 10, length - 8);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) {
      const size = [view.getUint16(at + 7), view.getUint16(at + 5)];
      return turned ? size.reverse() : size;
    }
    at += 2 + length;
  }
  return null;
}

/** Whether the orientation tag (0x0112) of the first IFD stands the picture on its side. */
function exifTurns(view, start, length) {
  const end = Math.min(view.byteLength, start + length);
  if (start + 8 > end) return false;
  const little = view.getUint16(start) === 0x4949;
  const ifd = start + view.getUint32(start + 4, little);
  if (ifd + 2 > end) return false;
  const entries = view.getUint16(ifd, little);
  for (let i = 0; i < entries && ifd + 14 + i * 12 <= end; i++) {
    const at = ifd + 2 + i * 12;
    if (view.getUint16(at, little) === 0x0112) return view.getUint16(at + 8, little) >= 5;
  }
  return false;
}
