/** Small pictures of files that are still here, made only for what is on the screen, two at a time. */
import { useEffect, useState } from "react";

const EDGE = 96;
const BLUR_EDGE = 16; // so few pixels that drawing them large is the blur: a filter would cost at every frame
const AT_ONCE = 2;
const MOST = 300;

const NONE = { thumb: null, blur: null };
const made = new Map(); // entry key → addresses, or NONE where the browser cannot decode
const queue = [];
let running = 0;

async function make(file) {
  const bitmap = await createImageBitmap(file, { resizeHeight: EDGE, resizeQuality: "medium" });
  try {
    return { thumb: await drawn(bitmap, EDGE), blur: await drawn(bitmap, BLUR_EDGE) };
  } finally {
    bitmap.close();
  }
}

async function drawn(bitmap, height) {
  const canvas = document.createElement("canvas");
  canvas.height = height;
  canvas.width = Math.max(1, Math.round((bitmap.width / bitmap.height) * height));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.8));
  return blob ? URL.createObjectURL(blob) : null;
}

function next() {
  while (running < AT_ONCE && queue.length) {
    const { key, file, done, wanted } = queue.pop(); // the latest asked for is what is being looked at
    if (!wanted()) continue;
    running += 1;
    make(file)
      .catch(() => NONE)
      .then((pictures) => {
        running -= 1;
        if (made.size >= MOST) forget(made.keys().next().value);
        made.set(key, pictures);
        done(pictures);
        next();
      });
  }
}

function forget(key) {
  Object.values(made.get(key)).forEach((url) => url && URL.revokeObjectURL(url));
  made.delete(key);
}

/** @returns {thumb, blur}: object URLs, null while there is none */
export function useThumb(entry) {
  const [pictures, setPictures] = useState(() => made.get(entry.key) ?? NONE);
  const { key, file, isImage } = entry;
  useEffect(() => {
    if (!file || !isImage || made.has(key)) return setPictures(made.get(key) ?? NONE);
    let alive = true;
    queue.push({ key, file, done: (pictures) => alive && setPictures(pictures), wanted: () => alive });
    next();
    return () => {
      alive = false;
    };
  }, [key, file, isImage]);
  return pictures;
}
