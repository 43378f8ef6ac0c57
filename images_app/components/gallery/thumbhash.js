import { thumbHashToDataURL } from "thumbhash";

const MOST = 600;
const cache = new Map();

/** A picture of some 30 pixels, as a data URL, from a base64 thumbhash; null when it is none. */
export function placeholder(hash) {
  if (!hash) return null;
  if (cache.has(hash)) return cache.get(hash);
  let url = null;
  try {
    const raw = atob(hash.replace(/-/g, "+").replace(/_/g, "/"));
    if (raw.length >= 5) url = thumbHashToDataURL(Uint8Array.from(raw, (character) => character.charCodeAt(0)));
  } catch {
    url = null;
  }
  if (cache.size >= MOST) cache.delete(cache.keys().next().value);
  cache.set(hash, url);
  return url;
}
