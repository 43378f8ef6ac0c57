import { useCallback, useEffect, useMemo, useRef, useState } from "react";

const ON_STAGE = 2; // slides to each side that the carousel draws
const AROUND = 8; // images to each side whose addresses are kept good: they come on the stage next
const CALM = 500; // ms after which no slide moves any more

const near = (list, at, by) => list.slice(Math.max(0, at - by), at + by + 1);

/**
 * Slides for the carousel, which loads a slide anew when its address changes. So a slide keeps the address that it came
 * with as long as it is on the stage; only one that did not load gets another.
 *
 * `take` is given a new address for a picture that is not in the collection.
 */
export function useSlides(list, at, signer, take) {
  const [tries, setTries] = useState(new Map()); // id → how often its picture did not load
  const calmAt = useCalm(at);
  const kept = useRef(new Map());
  const made = useRef([]);

  const slides = useMemo(() => {
    const staged = [...near(list, at, ON_STAGE), ...near(list, calmAt, ON_STAGE)];
    kept.current = new Map(staged.map(({ id, fullUrl }) => [id, kept.current.get(id) ?? fullUrl]));
    const before = new Map(made.current.map((slide) => [slide.id, slide]));
    const now = list.map((item) => same(before.get(item.id), slideOf(item, kept.current.get(item.id), tries.get(item.id))));
    const isSame = now.length === made.current.length && now.every((slide, place) => slide === made.current[place]);
    if (!isSame) made.current = now;
    return made.current;
  }, [list, at, calmAt, tries]);

  const looked = near(list, at, AROUND);
  const key = looked.map(({ id, fullUrl }) => id + fullUrl).join();
  useEffect(() => {
    const ends = looked.map((item) => signer.watch(item, take));
    return () => ends.forEach((end) => end());
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for `looked`
  }, [key, signer, take]);

  const lost = useCallback(
    async (id) => {
      await signer.again({ id });
      kept.current.delete(id);
      setTries((all) => new Map(all).set(id, (all.get(id) ?? 0) + 1));
    },
    [signer],
  );
  // The first failure is ours: the address may have run out. A second one is shown.
  const imageProps = useCallback(({ id, tries: n }) => (n ? {} : { onError: () => lost(id) }), [lost]);
  return [slides, imageProps, lost];
}

function slideOf({ id, fullUrl, name, width, height }, kept, tries) {
  const src = kept ?? fullUrl;
  // A fragment is not sent; to the carousel it is another picture, which it tries to load.
  return { id, tries, src: tries ? `${src}#${tries}` : src, alt: name, width: width ?? undefined, height: height ?? undefined };
}

/** The slide that was there when it says the same: another one would take the zoom back. */
function same(before, slide) {
  return before && Object.keys(slide).every((name) => before[name] === slide[name]) ? before : slide;
}

function useCalm(value) {
  const [calm, setCalm] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(value), CALM);
    return () => clearTimeout(timer);
  }, [value]);
  return calm;
}
