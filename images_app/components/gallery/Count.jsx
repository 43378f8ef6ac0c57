import React, { useEffect } from "react";
import { createStore } from "./store.js";
import { useStore } from "./useStore.js";
import { imagesCount } from "./Faces.jsx";

const shown = createStore({ total: null });

/** Tells the header, wherever it is: <GalleryCount/>, or the window event `aeontel:total`. */
export function useTotal(total, items, next) {
  const exact = next === null ? items.length : total; // a list that is all here is its own count
  useEffect(() => {
    shown.set({ total: exact });
    window.dispatchEvent(new CustomEvent("aeontel:total", { detail: { total: exact } }));
  }, [exact]);
  useEffect(() => () => shown.set({ total: null }), []);
}

/** `4,312 images`, kept exact. */
export function GalleryCount() {
  const { total } = useStore(shown);
  return <span className="num">{total === 0 ? "" : imagesCount(total)}</span>;
}
