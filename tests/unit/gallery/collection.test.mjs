import assert from "node:assert/strict";
import { test } from "node:test";
import { createCollection } from "../../../images_app/components/gallery/collection.js";

const item = (n) => ({ id: `img_${String(n).padStart(4, "0")}`, fileId: `fil_${String(n).padStart(4, "0")}` });
const items = (from, to) => Array.from({ length: from - to + 1 }, (_, at) => item(from - at));
const page = (cursor, list, next, more = {}) => ({ generation: 7, cursor, items: list, next, total: 90, ...more });

function started(...pages) {
  const asked = [];
  const collection = createCollection((generation, cursor) => asked.push([generation, cursor]));
  pages.forEach((each) => collection.receive(each));
  const ids = () => collection.store.get().items.map(({ id }) => Number(id.slice(4)));
  return { collection, asked, ids, state: () => collection.store.get() };
}

test("pages are put together, newest first and each image once", () => {
  const { ids, state } = started(page("", items(90, 81), "c1"), page("c1", items(82, 71), "c2"));
  assert.deepEqual(ids(), items(90, 71).map(({ id }) => Number(id.slice(4))));
  assert.equal(state().next, "c2");
});

test("one request is on its way at a time, and again after its answer", () => {
  const { collection, asked } = started(page("", items(90, 81), "c1"));
  collection.need();
  collection.need();
  assert.deepEqual(asked, [[7, "c1"]]);
  collection.receive(page("c1", items(80, 71), "c2"));
  collection.need();
  assert.deepEqual(asked, [[7, "c1"], [7, "c2"]]);
  collection.dispose();
});

test("after the last page nothing is asked for", () => {
  const { collection, asked } = started(page("", items(5, 1), null));
  collection.need();
  assert.deepEqual(asked, []);
});

test("a tab that comes back to a list further down asks for its beginning", () => {
  const { collection, asked, ids } = started(page("c9", items(20, 11), "c10"));
  assert.deepEqual(asked, [[7, ""]]);
  assert.deepEqual(ids(), []);
  collection.receive(page("", items(90, 81), "c1"));
  assert.equal(ids().length, 10);
});

test("the first page again takes out what was deleted and keeps what lies below it", () => {
  const { collection, ids, state } = started(page("", items(90, 81), "c1"), page("c1", items(80, 71), "c2"));
  collection.receive(page("", [item(92), ...items(90, 86), ...items(84, 81)], "c1"));
  assert.deepEqual(ids(), [92, 90, 89, 88, 87, 86, 84, 83, 82, 81, 80, 79, 78, 77, 76, 75, 74, 73, 72, 71]);
  assert.equal(state().next, "c2");
});

test("the first page again starts anew when more came meanwhile than it holds", () => {
  const { collection, ids, state } = started(page("", items(30, 21), "c1"));
  collection.receive(page("", items(90, 81), "c9"));
  assert.deepEqual(ids(), [90, 89, 88, 87, 86, 85, 84, 83, 82, 81]);
  assert.equal(state().next, "c9");
});

test("an answer that was under way does not undo what an event has brought or taken", () => {
  const { collection, ids } = started(page("", items(5, 1), null));
  collection.refresh();
  collection.insert(item(6));
  collection.remove([item(3).id]);
  collection.receive(page("", items(5, 1), null));
  assert.deepEqual(ids(), [6, 5, 4, 2, 1]);
  collection.dispose();
});

test("an image that is older than what is loaded waits for its page", () => {
  const { collection, ids } = started(page("", items(90, 88), "c1"));
  collection.insert(item(10));
  assert.deepEqual(ids(), [90, 89, 88]);
});

test("another generation is another list", () => {
  const { collection, ids } = started(page("", items(90, 81), "c1"));
  collection.receive(page("", items(3, 1), null, { generation: 8 }));
  assert.deepEqual(ids(), [3, 2, 1]);
});

test("a page that failed says so and can be asked for again", () => {
  const { collection, asked, state } = started(page("", items(90, 81), "c1"));
  collection.need();
  collection.receive(page("c1", [], null, { error: "internal_error" }));
  assert.equal(state().status, "error");
  collection.retry();
  assert.deepEqual(asked, [[7, "c1"], [7, "c1"]]);
  collection.dispose();
});
