import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, byMonth, justify, ratioOf, rowAt, vertical } from "../../../images_app/components/gallery/layout.js";

const ROOM = { width: 1160, gap: 4, least: 176 };
const RATIOS = [1.5, 0.75, 1.5, 1, 2.8, 0.67, 1.33, 0.56, 1.78, 1];
const tiles = (count, month = "May 2026") =>
  Array.from({ length: count }, (_, at) => ({ id: `img_${count - at}`, width: RATIOS[at % RATIOS.length] * 1000, height: 1000, month }));
const arranged = (list, more = false) => arrange(byMonth(list, ({ month }) => month), { ...ROOM, more });
const inRows = (layout) => layout.rows.filter(({ kind }) => kind === "tiles");

test("every row but the last is exactly as wide as the page and its tiles do not touch", () => {
  const rows = justify(tiles(60), ROOM);
  for (const { cells } of rows.slice(0, -1)) {
    assert.equal(cells.at(-1).x + cells.at(-1).width, ROOM.width);
    cells.slice(1).forEach((cell, at) => assert.ok(Math.abs(cell.x - cells[at].x - cells[at].width - ROOM.gap) <= 1));
  }
});

test("tiles keep their order and their shape", () => {
  const list = tiles(60);
  const cells = justify(list, ROOM).flatMap(({ cells, height }) => cells.map((cell) => ({ ...cell, height })));
  assert.deepEqual(cells.map(({ tile }) => tile.id), list.map(({ id }) => id));
  for (const { tile, width, height } of cells) assert.ok(Math.abs(width / height - ratioOf(tile)) < 0.03);
});

test("a narrow tile before a panorama does not stand as high as the page", () => {
  const rows = justify([{ id: "a", ratio: 0.5 }, { id: "b", ratio: 4 }], { width: 384, gap: 3, least: 108 });
  assert.ok(rows.every(({ height }) => height < 220));
});

test("extreme and unknown shapes get a tile that can be seen", () => {
  assert.equal(ratioOf({ width: 20_000, height: 10 }), 4);
  assert.equal(ratioOf({ width: 10, height: 20_000 }), 0.4);
  assert.equal(ratioOf({ width: null, height: null }), 1.5);
});

test("what is drawn stays where it is when the next page comes", () => {
  const list = tiles(180);
  const before = inRows(arranged(list.slice(0, 60), true));
  const after = inRows(arranged(list, true));
  before.forEach((row, at) => {
    assert.equal(after[at].top, row.top);
    assert.deepEqual(after[at].cells, row.cells);
  });
});

test("a month that may go on has no count yet", () => {
  const list = [...tiles(7, "May 2026"), ...tiles(5, "April 2026")];
  const counts = (more) => arranged(list, more).rows.filter(({ kind }) => kind === "month").map(({ month }) => month.count);
  assert.deepEqual(counts(true), [7, null]);
  assert.deepEqual(counts(false), [7, 5]);
});

test("down and up lead to the tile that covers the middle, across months", () => {
  const layout = arranged([...tiles(9, "May 2026"), ...tiles(40, "April 2026").map((t) => ({ ...t, id: `${t.id}b` }))]);
  const last = inRows(layout).find(({ month }) => month.label === "May 2026");
  const below = vertical(layout, last.cells[0].tile.id, 1);
  assert.ok(layout.place.get(below) > layout.place.get(last.cells[0].tile.id));
  assert.equal(vertical(layout, layout.order[0].id, -1), null);
});

test("rowAt finds the row that a place on the page is in", () => {
  const { rows } = arranged(tiles(60));
  rows.forEach((row, at) => assert.equal(rowAt(rows, row.top + row.height / 2), at));
});
