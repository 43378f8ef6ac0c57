import React, { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { arrange, byMonth, keyOf, rowAt } from "./layout.js";
import { PendingTile } from "./PendingTile.jsx";
import { Tile } from "./Tile.jsx";
import { useWidth } from "./useWidth.js";

const OVERSCAN = 4;
const NEAR_END = 1_600;

/**
 * The virtualised justified grid. Where every row goes is known before it is drawn, so the virtualiser only says which
 * rows are near; when tiles come or go above, the first visible one stays where it is.
 */
export function Grid({ tiles, files, monthOf, more, selection, activeKey, can, on, onNear, handle, children, before, busy }) {
  const scroller = useRef(null);
  const width = useWidth(scroller);
  const phone = window.matchMedia("(max-width: 720px)").matches;
  const gap = phone ? 3 : 4;
  const least = phone ? 108 : 176;
  const inner = Math.max(0, width - (phone ? 6 : 40));
  const layout = useMemo(
    () => (inner ? arrange(byMonth(tiles, monthOf), { width: inner, gap, least, more }) : null),
    [tiles, monthOf, inner, gap, least, more],
  );
  const rows = layout?.rows ?? [];

  const focusRow = layout?.place.get(activeKey);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index + 1]?.top ?? layout.height) - rows[index].top,
    getItemKey: useCallback((index) => rows[index].key, [rows]),
    overscan: OVERSCAN,
    // The row with the tab stop stays, or focus would fall back to the page when it is scrolled away.
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range);
      if (focusRow === undefined || shown.includes(focusRow)) return shown;
      return [...shown, focusRow].sort((a, b) => a - b);
    },
  });
  useLayoutEffect(() => virtualizer.measure(), [layout, virtualizer]);
  useAnchor(scroller, layout, virtualizer);
  useFocusKept(scroller, layout, activeKey);

  const reveal = useCallback(
    (key, { focus = true, centre = false } = {}) => {
      const element = scroller.current;
      const row = layout?.rows[layout.place.get(key)];
      if (!element || !row) return false;
      const top = row.top - (centre ? (element.clientHeight - row.height) / 2 : 52);
      const bottom = row.top + row.height + 12 - element.clientHeight;
      if (centre || element.scrollTop > top) element.scrollTop = top;
      else if (element.scrollTop < bottom) element.scrollTop = bottom;
      if (focus) focusSoon(element, key);
      return true;
    },
    [layout],
  );
  handle.current = { layout, reveal, toTop: () => scroller.current?.scrollTo({ top: 0 }), element: scroller };

  const visible = virtualizer.getVirtualItems();
  const last = visible[visible.length - 1]?.index ?? 0;
  const left = layout ? layout.height - ((rows[last]?.top ?? 0) + (rows[last]?.height ?? 0)) : Infinity;
  useEffect(() => {
    if (layout && more && left < NEAR_END) onNear();
  }, [layout, more, left, onNear]);

  return (
    <div className="ag-scroll" ref={scroller} onKeyDown={on.key} aria-busy={busy}>
      {before}
      <div className="ag-rows" style={{ height: layout?.height ?? 0 }}>
        {groups(visible, rows).map((group) => (
          <Month key={group.month.label + group.month.at} {...{ group, files, selection, activeKey, can, on, layout }} />
        ))}
      </div>
      {layout && children}
    </div>
  );
}

/** Visible rows by month, as each month is a grid of its own for a screen reader. */
function groups(visible, rows) {
  const out = [];
  for (const { index } of visible) {
    const row = rows[index];
    if (!row) continue;
    if (out[out.length - 1]?.month !== row.month) out.push({ month: row.month, heading: null, rows: [] });
    const group = out[out.length - 1];
    if (row.kind === "month") group.heading = row;
    else group.rows.push({ ...row, index });
  }
  return out;
}

function Month({ group, files, selection, activeKey, can, on, layout }) {
  const { month, heading, rows } = group;
  const at = layout.rows.findIndex((row) => row.month === month);
  return (
    <>
      {heading && <Heading row={heading} selection={selection} on={on} />}
      <div role="grid" aria-multiselectable="true" aria-label={`Images of ${month.label}`}>
        {rows.map((row) => (
          <div role="row" key={row.key} className="ag-row" aria-rowindex={row.index - at} style={{ top: row.top, height: row.height }}>
            {row.cells.map((cell, column) => {
              const key = keyOf(cell.tile);
              const same = { cell, height: row.height, column: column + 1, active: key === activeKey, on };
              return cell.tile.key ? (
                <PendingTile key={key} files={files} id={key} can={can} {...same} />
              ) : (
                <Tile key={key} item={cell.tile} selected={selection.has(key)} {...same} />
              );
            })}
          </div>
        ))}
      </div>
    </>
  );
}

function Heading({ row, selection, on }) {
  const { label, count, keys } = row.month;
  const chosen = count > 0 && keys.every((key) => selection.has(key));
  return (
    <div className="ag-month" style={{ top: row.top }}>
      <h2>{label}</h2>
      {count > 0 && <span className="muted num">{count}</span>}
      {count > 0 && (
        <button type="button" className="btn mini ag-choose" onClick={() => on.month(keys, !chosen)}>
          {chosen ? "Clear month" : "Select month"}
        </button>
      )}
    </div>
  );
}

/** Keeps the first visible tile in its place when the layout changes; at the very top new pictures just appear. */
function useAnchor(scroller, layout, virtualizer) {
  const before = useRef(null);
  useLayoutEffect(() => {
    const element = scroller.current;
    const old = before.current;
    before.current = layout;
    const offset = virtualizer.scrollOffset ?? 0; // asking the element would lay the page out at once
    if (!element || !old || !layout || old === layout || offset <= 8) return;
    const from = rowAt(old.rows, offset);
    for (const row of old.rows.slice(from, from + 12)) {
      const cell = row.cells?.find(({ tile }) => layout.place.has(keyOf(tile)));
      if (!cell) continue;
      const now = layout.rows[layout.place.get(keyOf(cell.tile))];
      if (now.top !== row.top) element.scrollTop += now.top - row.top;
      return;
    }
  }, [layout, scroller, virtualizer]);
}

/** When the tile with the focus leaves, the one that takes its place gets it, not the page. */
function useFocusKept(scroller, layout, activeKey) {
  const before = useRef(null);
  useLayoutEffect(() => {
    const old = before.current;
    before.current = { layout, activeKey };
    if (!old?.layout || !layout?.order.length || !old.layout.place.has(old.activeKey)) return;
    if (layout.place.has(old.activeKey) || document.activeElement !== document.body) return;
    const at = old.layout.order.findIndex((tile) => keyOf(tile) === old.activeKey);
    focusSoon(scroller.current, keyOf(layout.order[Math.min(at, layout.order.length - 1)]));
  }, [layout, activeKey, scroller]);
}

/** The tile may only be drawn after the scroll that brings it in. */
function focusSoon(element, key, tries = 8) {
  const tile = element.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (tile) tile.focus({ preventScroll: true });
  else if (tries > 0) requestAnimationFrame(() => focusSoon(element, key, tries - 1));
}
