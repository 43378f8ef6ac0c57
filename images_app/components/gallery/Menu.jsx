import React, { useEffect, useLayoutEffect, useRef } from "react";
import "./over.css";

const EDGE = 8;

/**
 * A short menu at a button; a sheet from below on a phone. It lives in the top layer, so that nothing clips it.
 *
 * @param anchor  the element it belongs to; gets the focus back
 * @param rows    [{icon, label, keys?, danger?, run} | null for a line]
 */
export function Menu({ anchor, label, rows, onClose }) {
  const ref = useRef(null);
  useLayoutEffect(() => {
    const menu = ref.current;
    menu.showPopover?.();
    anchor.setAttribute("aria-expanded", "true");
    const at = anchor.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = menu;
    const left = Math.min(at.left, window.innerWidth - offsetWidth - EDGE);
    const below = at.bottom + 4;
    const top = below + offsetHeight > window.innerHeight - EDGE ? at.top - offsetHeight - 4 : below;
    menu.style.setProperty("--left", `${Math.max(EDGE, left)}px`);
    menu.style.setProperty("--top", `${Math.max(EDGE, top)}px`);
    menu.querySelector("button")?.focus();
    return () => anchor.setAttribute("aria-expanded", "false");
  }, [anchor]);

  useEffect(() => {
    const outside = (event) => {
      if (!ref.current?.contains(event.target) && !anchor.contains(event.target)) onClose();
    };
    document.addEventListener("pointerdown", outside, true);
    return () => document.removeEventListener("pointerdown", outside, true);
  }, [anchor, onClose]);

  function close() {
    onClose();
    anchor.focus?.({ preventScroll: true });
  }

  function key(event) {
    const items = [...ref.current.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") close();
    else if (to === undefined) return;
    else items.at(to % items.length).focus();
    event.preventDefault();
  }

  return (
    <div ref={ref} className="menu ag-menu" role="menu" aria-label={label} popover="manual" onKeyDown={key}>
      {rows.map((row, at) =>
        row ? (
          <button
            key={row.label}
            type="button"
            role="menuitem"
            className={`row ${row.danger ? "danger" : ""}`}
            tabIndex={-1}
            onClick={(event) => {
              event.stopPropagation();
              close();
              row.run();
            }}
          >
            <row.icon aria-hidden />
            <span>{row.label}</span>
            {row.keys?.map((key) => <kbd key={key} className="kbd">{key}</kbd>)}
          </button>
        ) : (
          <div key={at} className="rule" role="separator" />
        ),
      )}
    </div>
  );
}
