/** Small pictures of files that are still here, made only for what is on the screen, two at a time. */
import { useEffect, useState } from "react";

const EDGE = 96;
const AT_ONCE = 2;
const MOST = 300;

const made = new Map(); // entry key → object URL, or null where the browser cannot decode
const queue = [];
let running = 0;

async function make(file) {
  const bitmap = await createImageBitmap(file, { resizeHeight: EDGE, resizeQuality: "medium" });
  try {
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.8));
    return blob ? URL.createObjectURL(blob) : null;
  } finally {
    bitmap.close();
  }
}

function next() {
  while (running < AT_ONCE && queue.length) {
    const { key, file, done, wanted } = queue.pop(); // the latest asked for is what is being looked at
    if (!wanted()) continue;
    running += 1;
    make(file)
      .catch(() => null)
      .then((url) => {
        running -= 1;
        if (made.size >= MOST) forget(made.keys().next().value);
        made.set(key, url);
        done(url);
        next();
      });
  }
}

export function forget(key) {
  const url = made.get(key);
  if (url) URL.revokeObjectURL(url);
  made.delete(key);
}

/** @returns an object URL, or null while there is none */
export function useThumb(entry) {
  const [url, setUrl] = useState(() => made.get(entry.key) ?? null);
  const { key, file, isImage } = entry;
  useEffect(() => {
    if (!file || !isImage || made.has(key)) return setUrl(made.get(key) ?? null);
    let alive = true;
    queue.push({ key, file, done: (made) => alive && setUrl(made), wanted: () => alive });
    next();
    return () => {
      alive = false;
    };
  }, [key, file, isImage]);
  return url;
}
