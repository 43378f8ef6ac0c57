import { bytes, count, limit } from "../gallery/words.js";
import { Meter } from "../lib/Meter.jsx";

/** The fuller of the two limits of the workspace; nothing without one. */
export function Room({ totals }) {
  const meters = [
    totals.most_bytes !== null && {
      name: "Storage", used: totals.bytes, most: totals.most_bytes,
      said: `${bytes(totals.bytes)} of ${limit(totals.most_bytes)}`,
    },
    totals.most_files !== null && {
      name: "Files", used: totals.files + totals.trash, most: totals.most_files,
      said: `${count(totals.files + totals.trash)} of ${count(totals.most_files)}`,
    },
  ];
  const [fullest] = meters.filter(Boolean).sort((a, b) => b.used / b.most - a.used / a.most);
  return fullest ? <div className="room small"><Meter {...fullest} /></div> : null;
}
