/**
 * Keeps the addresses good of whatever is looked at.
 *
 * Signed addresses run out together, at the end of a window that begins half their validity earlier. From then on the
 * server answers with the next ones, so there is time: they are asked for well before the end, at a moment that is not
 * the same in every browser, and only for what is in sight. Timers sleep with the computer and in hidden tabs, so
 * waking up is a reason to look, and no nap is long.
 */
import { clock, endOf, serverNow } from "./signing.js";

const EARLY = 5 * 60_000; // ms before the end, at most
const SHARE = 0.45; // of the time that was left when the address came: within its last window
const SOON = 50;
const GAP = 250;
const NAP = 30_000;
const LONGEST_PAUSE = 60_000;
const AT_ONCE = 100;
const WAKING = ["pageshow", "online", "focus"];

/** @param ask (ids, at most 100) → promise of the items that there still are, with new addresses */
export function createSigner(collection, ask) {
  const looked = new Set(); // {id, end, take}: until when the address is good that was given last
  const wanted = new Map(); // id → those who wait for its new address
  const margins = new Map(); // end → how long before it new addresses are asked for
  const ends = new Map(); // id → end of the address that it got last
  let timer = null;
  let plannedAt = 0;
  let notBefore = 0;
  let isBusy = false;
  let isOver = false;
  let pause = 0;

  function margin(end) {
    if (!margins.has(end)) {
      if (margins.size > 8) margins.delete(margins.keys().next().value);
      margins.set(end, Math.min(EARLY * (0.5 + Math.random() / 2), SHARE * Math.max(0, end - serverNow())));
    }
    return margins.get(end);
  }

  const due = (end) => (end === Infinity ? Infinity : end - margin(end));

  /** Looks in `wait` ms, or earlier when that was planned before. */
  function plan(wait) {
    if (isOver || isBusy || (!looked.size && !wanted.size)) return;
    const at = Math.max(Date.now() + Math.min(Math.max(wait, SOON), NAP), notBefore);
    if (timer && at >= plannedAt) return;
    clearTimeout(timer);
    plannedAt = at;
    timer = setTimeout(check, at - Date.now());
  }

  const sleeps = () => globalThis.document?.hidden && !wanted.size;

  async function check() {
    timer = null;
    if (isOver || sleeps()) return;
    const now = serverNow();
    const ids = new Set(wanted.keys());
    let next = Infinity;
    for (const { id, end } of looked) {
      const at = due(end);
      if (at <= now) ids.add(id);
      else next = Math.min(next, at);
    }
    if (!ids.size) return plan(next - now);
    isBusy = true;
    const hasMoved = await renew([...ids]);
    isBusy = false;
    pause = hasMoved ? GAP : Math.min(LONGEST_PAUSE, Math.max(GAP, pause) * 2);
    notBefore = wanted.size ? 0 : Date.now() + pause;
    plan(0);
  }

  /** False when nothing new came of it, and asking again at once would be no use. */
  async function renew(ids) {
    let hasMoved = false;
    for (let at = 0; at < ids.length && !isOver; at += AT_ONCE) {
      const some = ids.slice(at, at + AT_ONCE);
      const items = await ask(some).catch(() => null);
      if (isOver) return false;
      if (items) hasMoved = receive(some, items) || hasMoved;
      else some.forEach((id) => answer(id));
    }
    return hasMoved;
  }

  function receive(ids, items) {
    const byId = new Map(items.map((item) => [item.id, item]));
    collection.readdress(items);
    const gone = ids.filter((id) => !byId.has(id));
    if (gone.length) collection.remove(gone);
    for (const entry of looked) {
      if (!byId.has(entry.id)) continue;
      entry.end = endOf(byId.get(entry.id).gridUrl);
      entry.take?.(byId.get(entry.id));
    }
    let hasMoved = gone.length > 0;
    for (const item of items) {
      const end = endOf(item.gridUrl);
      hasMoved ||= end > (ends.get(item.id) ?? 0);
      ends.set(item.id, end);
    }
    if (ends.size > 2_000) ends.clear();
    ids.forEach((id) => answer(id, byId.get(id)));
    return hasMoved;
  }

  function answer(id, item = null) {
    const waiting = wanted.get(id) ?? [];
    wanted.delete(id);
    waiting.forEach((tell) => tell(item));
  }

  /** Ask for a new address of this item now, whatever the old one says: the item, or null when there was no answer. */
  function again({ id }) {
    return new Promise((tell) => {
      wanted.set(id, [...(wanted.get(id) ?? []), tell]);
      wake();
    });
  }

  function wake() {
    notBefore = 0;
    plan(0);
  }

  const unsubscribe = clock.subscribe(() => (margins.clear(), wake()));
  WAKING.forEach((kind) => globalThis.window?.addEventListener(kind, wake));
  globalThis.document?.addEventListener("visibilitychange", wake);

  return {
    again,
    wake,
    /** Until the returned function is called, `item` keeps a good address, in the collection and through `take`. */
    watch(item, take) {
      const entry = { id: item.id, end: endOf(item.gridUrl), take };
      if (entry.end === Infinity) return () => {};
      looked.add(entry);
      due(entry.end); // what is left is counted from now on
      plan(0);
      return () => looked.delete(entry);
    },
    /** The items with addresses that are still good for a while, as far as the server answers. */
    async fresh(items) {
      const old = items.filter((item) => due(endOf(item.gridUrl)) <= serverNow());
      const found = await Promise.all(old.map(again));
      const byId = new Map(found.filter(Boolean).map((item) => [item.id, item]));
      return items.map((item) => byId.get(item.id) ?? item);
    },
    dispose() {
      isOver = true;
      clearTimeout(timer);
      unsubscribe();
      WAKING.forEach((kind) => globalThis.window?.removeEventListener(kind, wake));
      globalThis.document?.removeEventListener("visibilitychange", wake);
      [...wanted.keys()].forEach((id) => answer(id));
    },
  };
}
