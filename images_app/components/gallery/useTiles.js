import { useMemo } from "react";
import { useStore } from "./useStore.js";
import { month } from "./words.js";

const suffix = (id) => id.slice(id.indexOf("_") + 1);

/** Only what decides about places: progress must not lay the page out again ten times a second. */
const shape = (entry) => `${entry.key} ${entry.status === "failed"} ${entry.ratio ?? ""} ${entry.fileId ?? ""} ${entry.at}`;

const hasTile = ({ isImage, status }) =>
  isImage && (status === "failed" || status === "sending" || status === "processing" || status === "waiting");

/**
 * Images and the files on their way, in the order of the page: what is being sent, what failed earlier, then everything
 * by its id, where a file of this tab already stands at the place that its picture will take.
 */
export function useTiles(collection, files) {
  const items = useStore(collection.store, (state) => state.items);
  const more = useStore(collection.store, (state) => Boolean(state.next));
  const entries = useStore(files.store, (state) => state.entries);
  const pending = entries.filter((entry) => hasTile(entry) && !(entry.refused && !entry.fileId));
  const signature = pending.map(shape).join("|");

  const tiles = useMemo(() => {
    const known = new Set(items.map(({ fileId }) => fileId));
    const coming = pending.filter(({ fileId, status }) => !known.has(fileId) || status === "failed");
    const unsent = coming.filter(({ fileId }) => !fileId).sort((a, b) => b.at - a.at);
    const earlier = coming.filter(({ fileId, here, placed }) => fileId && !here && !placed).sort(byFile);
    const inPlace = coming.filter(({ fileId, here, placed }) => fileId && (here || placed)).sort(byFile);
    return [...unsent, ...earlier, ...zip(inPlace, items, more)];
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `signature` stands for `pending`
  }, [items, more, signature]);

  const thisMonth = month(new Date());
  const monthOf = useMemo(() => {
    const labels = new Map();
    return (tile) => {
      if (tile.key && !tile.placed) return thisMonth;
      const label = labels.get(tile.createdAt) ?? month(tile.createdAt);
      labels.set(tile.createdAt, label);
      return label;
    };
  }, [thisMonth]);

  return { items, entries, tiles, monthOf };
}

const byFile = (a, b) => (a.fileId < b.fileId ? 1 : -1);

/** Merges two lists that are both newest first; ids of an image and of its file end alike. */
function zip(coming, items, more) {
  const out = [];
  let at = 0;
  for (const item of items) {
    while (at < coming.length && suffix(coming[at].fileId) >= suffix(item.id)) out.push(coming[at++]);
    out.push(item);
  }
  return more ? out : [...out, ...coming.slice(at)]; // the rest belongs to pages that are not loaded
}
