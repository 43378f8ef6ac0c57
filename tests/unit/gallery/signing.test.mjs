import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { createCollection } from "../../../images_app/components/gallery/collection.js";
import { createSigner } from "../../../images_app/components/gallery/signer.js";
import { clock, endOf, heardTime, isSigned, serverNow } from "../../../images_app/components/gallery/signing.js";

const HOUR = 3_600;
const WINDOW = HOUR / 2;
const START = 1_800_000_000; // seconds; a window begins

/** What the server answers at this moment: addresses that expire at the end of the next window. */
const signed = (n, now = Date.now()) => {
  const end = (Math.floor(now / 1000 / WINDOW) + 2) * WINDOW;
  const url = (variant) => `http://x/${n}/${variant}?exp=${end}&sig=0`;
  return { id: `img_${n}`, fileId: `fil_${n}`, url: url("public"), gridUrl: url("grid"), fullUrl: url("full") };
};

beforeEach((t) => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: START * 1000 });
  clock.set({ ahead: 0 });
});

async function pass(seconds, step = 10) {
  for (let at = 0; at < seconds; at += step) {
    mock.timers.tick(step * 1000);
    await new Promise((done) => setImmediate(done));
  }
}

/** A collection of `n` images whose signer asks `server`; what was asked, in order. */
function gallery(n, server = (ids) => ids.map((id) => signed(id.slice(4)))) {
  const asked = [];
  const collection = createCollection(() => {});
  const items = Array.from({ length: n }, (_, at) => signed(String(n - at)));
  collection.receive({ generation: 1, cursor: "", items, next: null, total: n });
  const signer = createSigner(collection, async (ids) => {
    asked.push(ids);
    return server(ids);
  });
  const item = (id) => collection.store.get().items.find((each) => each.id === `img_${id}`);
  return { collection, signer, asked, item };
}

test("the end of an address is read from it", () => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  assert.equal(endOf("http://x/h/i/public?exp=1800000000&sig=00ff"), 1_800_000_000_000);
  assert.equal(endOf(`http://x/h/i/public?token=${part({ kid: "~~~???" })}.${part({ sub: "~~~???", exp: 1_800_000_000 })}.s`), 1_800_000_000_000);
  for (const url of ["http://x/h/i/public", "http://x/exp=3/public", "http://x/p?token=a.b.c", "http://x/p?token=", "http://x/p?sig=1"])
    assert.equal(endOf(url), Infinity, url);
  assert.ok(isSigned(signed("1")));
  assert.ok(!isSigned({ url: "http://x/h/i/public" }));
});

test("a computer with a wrong clock goes by the server's", () => {
  heardTime(new Date(Date.now() + 1_000).toUTCString());
  assert.equal(serverNow(), Date.now());
  heardTime(new Date(Date.now() + HOUR * 1000).toUTCString());
  assert.equal(serverNow(), Date.now() + HOUR * 1000 + 500);
  heardTime(null);
  heardTime("yesterday");
  assert.equal(serverNow(), Date.now() + HOUR * 1000 + 500);
  heardTime(new Date(Date.now()).toUTCString());
  assert.equal(serverNow(), Date.now());
});

test("what is looked at has a good address at every moment of a day, for one request a window", async () => {
  const { signer, asked, item } = gallery(3);
  let end = signer.watch(item("2"));
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    const before = item("2");
    await pass(60, 30);
    if (item("2") !== before) (end(), (end = signer.watch(item("2"))));
    assert.ok(endOf(item("2").gridUrl) > Date.now() + 60_000, `minute ${minute}`);
  }
  assert.ok(asked.length >= 47 && asked.length <= 49, String(asked.length));
  assert.deepEqual(new Set(asked.flat()), new Set(["img_2"]));
  assert.ok(endOf(item("1").gridUrl) < Date.now());
  signer.dispose();
});

test("what is out of sight, or good for ever, is left alone", async () => {
  const { signer, asked, item } = gallery(2);
  signer.watch(item("1"))();
  signer.watch({ id: "img_9", gridUrl: "http://x/9/grid" });
  await pass(2 * HOUR, 60);
  assert.deepEqual(asked, []);
  signer.dispose();
});

test("what came with an address that has run out gets another at once, a hundred at a time", async () => {
  const { signer, asked, item } = gallery(130);
  mock.timers.tick(2 * HOUR * 1000);
  for (let n = 1; n <= 130; n += 1) signer.watch(item(String(n)));
  await pass(1, 0.1);
  assert.deepEqual(asked.map((ids) => ids.length), [100, 30]);
  assert.ok(endOf(item("77").gridUrl) > Date.now());
  signer.dispose();
});

test("a server that does not answer, or says the same again, is asked less and less often", async () => {
  for (const server of [() => Promise.reject(new Error("down")), (ids) => ids.map((id) => signed(id.slice(4), START * 1000))]) {
    const { signer, asked, item } = gallery(1, server);
    mock.timers.tick(2 * HOUR * 1000);
    signer.watch(item("1"));
    await pass(120, 0.2);
    const early = asked.length;
    assert.ok(early >= 6 && early <= 10, String(early));
    await pass(HOUR, 5);
    assert.ok(asked.length - early <= 62, String(asked.length));
    signer.dispose();
    mock.timers.setTime(START * 1000);
  }
});

test("who asks again gets the new address, or learns that there is none", async () => {
  const { signer, collection, asked, item } = gallery(3, (ids) => ids.filter((id) => id !== "img_2").map((id) => signed(id.slice(4))));
  mock.timers.tick(WINDOW * 1000);
  const answers = Promise.all([signer.again(item("1")), signer.again(item("1")), signer.again(item("2"))]);
  await pass(1, 0.1);
  const [one, same, none] = await answers;
  assert.deepEqual([one, same, none], [signed("1"), signed("1"), null]);
  assert.deepEqual(asked, [["img_1", "img_2"]]);
  assert.deepEqual(collection.store.get().items.map(({ id }) => id), ["img_3", "img_1"]);
  signer.dispose();
});

test("what was removed meanwhile does not come back with its new address", async () => {
  let tell;
  const { signer, collection, item } = gallery(2, (ids) => new Promise((done) => (tell = () => done(ids.map((id) => signed(id.slice(4)))))));
  signer.again(item("1"));
  await pass(1, 0.1);
  collection.remove(["img_1"]);
  tell();
  await pass(1, 0.1);
  assert.equal(item("1"), undefined);
  signer.dispose();
});

test("links to copy are good, also of what is out of sight", async () => {
  const { signer, item } = gallery(2);
  mock.timers.tick(2 * HOUR * 1000);
  const old = [item("1"), { id: "img_9", url: "http://x/9/public", gridUrl: "http://x/9/grid" }];
  const found = signer.fresh(old);
  await pass(1, 0.1);
  const [one, nine] = await found;
  assert.ok(endOf(one.url) > Date.now());
  assert.equal(nine, old[1]);
  signer.dispose();
});

test("a new address moves nothing and leaves what it does not concern as it was", () => {
  const { signer, collection, item } = gallery(3);
  const [three, two] = [item("3"), item("2")];
  mock.timers.tick(WINDOW * 1000);
  collection.readdress([signed("2"), signed("9")]);
  assert.deepEqual(collection.store.get().items.map(({ id }) => id), ["img_3", "img_2", "img_1"]);
  assert.equal(item("3"), three);
  assert.notEqual(item("2").url, two.url);
  signer.dispose();
});
