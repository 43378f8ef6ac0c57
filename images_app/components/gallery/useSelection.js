import { useCallback, useEffect, useRef, useState } from "react";

const NONE = new Set();

/** Chosen images by id. A range goes from the last one chosen alone; what leaves the gallery leaves the selection. */
export function useSelection(items) {
  const [selection, setSelection] = useState(NONE);
  const from = useRef(null);

  const toggle = useCallback((id) => {
    from.current = id;
    setSelection((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  }, []);

  const range = useCallback(
    (id) => {
      const ids = items.map((item) => item.id);
      const start = ids.indexOf(from.current ?? id);
      const end = ids.indexOf(id);
      if (start < 0 || end < 0) return toggle(id);
      const between = ids.slice(Math.min(start, end), Math.max(start, end) + 1);
      setSelection((before) => new Set([...before, ...between]));
    },
    [items, toggle],
  );

  const many = useCallback((ids, chosen = true) => {
    setSelection((before) => {
      const after = new Set(before);
      ids.forEach((id) => (chosen ? after.add(id) : after.delete(id)));
      return after;
    });
  }, []);

  const clear = useCallback(() => setSelection((before) => (before.size ? NONE : before)), []);

  useEffect(() => {
    if (!selection.size) return;
    const here = new Set(items.map((item) => item.id));
    const left = [...selection].filter((id) => here.has(id));
    if (left.length !== selection.size) setSelection(new Set(left));
  }, [items, selection]);

  return { selection, toggle, range, many, clear };
}
