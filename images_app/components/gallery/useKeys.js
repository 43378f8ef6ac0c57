import { useEffect } from "react";
import { inField } from "./picking.js";
import { keyOf, vertical } from "./layout.js";

const MOVES = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

/** The key to go to, or null. */
export function moveFrom(layout, key, move) {
  const order = layout.order;
  const at = order.findIndex((tile) => keyOf(tile) === key);
  if (at < 0) return order.length ? keyOf(order[0]) : null;
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: order.length - 1 }[move];
  if (to !== undefined) return order[to] ? keyOf(order[to]) : null;
  return vertical(layout, key, move === "ArrowDown" ? 1 : -1);
}

/** First tile of the month after or before the one that a tile is in. */
function monthFrom(layout, key, step) {
  const current = layout.rows[layout.place.get(key)]?.month.at ?? 0;
  const row = layout.rows.find(({ kind, month }) => kind === "tiles" && month.at === current + step);
  return row ? keyOf(row.cells[0].tile) : null;
}

/** Keys inside the grid. Answers a handler for onKeyDown. */
export function gridKeys({ handle, active, go, open, toggle, range, isImage }) {
  return (event) => {
    if (event.defaultPrevented || event.target.closest("[role=menu], dialog")) return;
    const layout = handle.current?.layout;
    const onTile = event.target.closest("[data-key]");
    if (!layout) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && onTile && MOVES.has(event.key)) {
      event.preventDefault();
      const to = moveFrom(layout, active, event.key);
      if (to) go(to);
    } else if (plain && onTile && event.target === onTile && (event.key === "Enter" || event.key === " ") && isImage(active)) {
      event.preventDefault();
      if (event.key === "Enter") open(active);
      else toggle(active);
    } else if (plain && onTile && event.key.toLowerCase() === "x" && isImage(active)) {
      event.preventDefault();
      if (event.shiftKey) range(active);
      else toggle(active);
    }
  };
}

/** Keys anywhere on the page, while no dialog is open and no field has the focus. */
export function usePageKeys(on) {
  useEffect(() => {
    function key(event) {
      if (event.defaultPrevented || inField(event.target) || document.querySelector("dialog[open], [role=dialog]")) return;
      const ctrl = event.ctrlKey || event.metaKey;
      const name = `${ctrl ? "Ctrl+" : ""}${event.shiftKey ? "Shift+" : ""}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
      if (event.altKey || !on[name]) return;
      if (on[name]() !== false) event.preventDefault();
    }
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [on]);
}

export { monthFrom };
