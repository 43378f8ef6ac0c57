/** Justified rows, computed before anything is drawn, so that nothing moves when pictures arrive. Pure functions. */

export const HEADING = 44;
const AFTER_MONTH = 12;

/** A panorama or a receipt still gets a tile that can be seen and hit. */
export function ratioOf({ width, height, ratio }) {
  const r = ratio || (width > 0 && height > 0 ? width / height : 1.5);
  return Math.min(4, Math.max(0.4, r));
}

/**
 * Packs tiles into rows as wide as the page and at least `least` high.
 *
 * @param tiles  objects with width and height, or ratio
 * @param open   more tiles will follow: the last row is left out rather than drawn now and moved later
 * @returns [{height, cells: [{tile, x, width}]}]
 */
export function justify(tiles, { width, gap, least, open = false }) {
  const rows = [];
  let row = [];
  let sum = 0;
  for (const tile of tiles) {
    const ratio = ratioOf(tile);
    const alone = row.length ? (width - gap * (row.length - 1)) / sum : Infinity;
    const together = (width - gap * row.length) / (sum + ratio);
    // One narrow tile before a wide one would stand as high as the page: then the row may be lower than usual.
    if (row.length && together < least && alone <= least * 2) {
      rows.push(full(row, alone, width, gap));
      row = [];
      sum = 0;
    }
    row.push({ tile, ratio });
    sum += ratio;
  }
  if (row.length && (!open || rows.length === 0)) {
    const height = (width - gap * (row.length - 1)) / sum;
    rows.push(height <= least * 1.3 ? full(row, height, width, gap) : loose(row, least, gap));
  }
  return rows;
}

function full(row, height, width, gap) {
  let x = 0;
  const cells = row.map(({ tile, ratio }, at) => {
    const right = at === row.length - 1 ? width : Math.round(x + ratio * height);
    const cell = { tile, x: Math.round(x), width: Math.max(1, right - Math.round(x)) };
    x += ratio * height + gap;
    return cell;
  });
  return { height: Math.max(1, Math.round(height)), cells };
}

function loose(row, height, gap) {
  let x = 0;
  const cells = row.map(({ tile, ratio }) => {
    const cell = { tile, x: Math.round(x), width: Math.max(1, Math.round(ratio * height)) };
    x += cell.width + gap;
    return cell;
  });
  return { height, cells };
}

/** Runs of the same month, in the order given. `monthOf(tile)` answers a label. */
export function byMonth(tiles, monthOf) {
  const months = [];
  for (const tile of tiles) {
    const label = monthOf(tile);
    const last = months[months.length - 1];
    if (last && last.label === label) last.tiles.push(tile);
    else months.push({ label, tiles: [tile] });
  }
  return months;
}

/**
 * The whole page as a flat list of rows with their places.
 *
 * @param more  the list goes on: the last month is open, and its count not known
 * @returns {rows: [{kind, key, top, height, ...}], height, place: Map(tile key → index of its row), order: [tile]}
 */
export function arrange(months, { width, gap, least, more }) {
  const rows = [];
  const place = new Map();
  const order = [];
  let top = 0;
  months.forEach(({ label, tiles }, at) => {
    const open = more && at === months.length - 1;
    const keys = tiles.filter(({ key }) => !key).map(({ id }) => id);
    const month = { label, at, count: open ? null : keys.length, keys };
    rows.push({ kind: "month", key: `m:${label}:${at}`, top, height: HEADING, month });
    top += HEADING;
    for (const row of justify(tiles, { width, gap, least, open })) {
      const index = rows.length;
      row.cells.forEach(({ tile }) => {
        place.set(keyOf(tile), index);
        order.push(tile);
      });
      rows.push({ kind: "tiles", key: `r:${keyOf(row.cells[0].tile)}`, top, month, ...row });
      top += row.height + gap;
    }
    top += AFTER_MONTH;
  });
  return { rows, height: top, place, order };
}

export const keyOf = (tile) => tile.key ?? tile.id;

/** Index of the first row that ends below `y`. */
export function rowAt(rows, y) {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].top + rows[middle].height > y) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The tile above or below another: the one in the next row of tiles that covers its middle. */
export function vertical(layout, key, step) {
  const from = layout.rows[layout.place.get(key)];
  const cell = from?.cells.find(({ tile }) => keyOf(tile) === key);
  if (!cell) return null;
  const middle = cell.x + cell.width / 2;
  let at = layout.place.get(key) + step;
  while (layout.rows[at] && layout.rows[at].kind !== "tiles") at += step;
  const row = layout.rows[at];
  if (!row) return null;
  const hit = row.cells.find(({ x, width }) => middle <= x + width) ?? row.cells[row.cells.length - 1];
  return keyOf(hit.tile);
}
