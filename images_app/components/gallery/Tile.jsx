import React, { memo, useState } from "react";
import { Check, Ellipsis, ImageOff, RotateCw } from "./icons.js";
import "./tile.css";
import { placeholder } from "./thumbhash.js";
import { bytes } from "./words.js";

const shown = new Set(); // addresses that this tab has drawn before: they need no fade

const nameOf = ({ name, width, height }) => (width && height ? `${name}, ${width} by ${height}` : name);

/** A picture of the gallery. Its size is known before its pixels. */
export const Tile = memo(function Tile({ item, cell, height, column, selected, active, on }) {
  const style = { left: cell.x, width: cell.width, height };
  return (
    <div
      className="ag-tile"
      style={style}
      role="gridcell"
      aria-colindex={column}
      aria-selected={selected}
      aria-label={nameOf(item)}
      tabIndex={active ? 0 : -1}
      data-key={item.id}
      onClick={(event) => on.click(item.id, event)}
      onFocus={() => on.focus(item.id)}
      onPointerDown={(event) => on.press(item.id, event)}
    >
      <Picture key={item.gridUrl} item={item} onBroken={on.broken} />
      <button
        type="button"
        className="ag-check"
        tabIndex={-1}
        aria-label={`${selected ? "Deselect" : "Select"} ${item.name}`}
        onClick={(event) => on.check(item.id, event)}
      >
        <Check aria-hidden />
      </button>
      <button
        type="button"
        className="ag-more"
        tabIndex={-1}
        aria-haspopup="menu"
        aria-label={`Actions for ${item.name}`}
        onClick={(event) => on.more(item, event)}
      >
        <Ellipsis aria-hidden />
      </button>
      <div className="ag-cap" aria-hidden>
        <span className="cut">{item.name}</span>
        <span className="num">{bytes(item.size)}</span>
      </div>
    </div>
  );
});

function Picture({ item, onBroken }) {
  const [state, setState] = useState("loading");
  const [tries, setTries] = useState(0);
  const hash = placeholder(item.thumbhash);
  const hasArrived = state === "there";
  function loaded() {
    setState(shown.has(item.gridUrl) ? "there" : "shown");
    shown.add(item.gridUrl);
  }
  function again() {
    setState("loading");
    setTries(tries + 1);
    onBroken(item.id);
  }
  // Once without a word: a signed address may have run out while the page was open.
  const failed = () => (tries ? setState("broken") : again());
  function retry(event) {
    event.stopPropagation();
    again();
  }
  if (state === "broken")
    return (
      <div className="ag-broken">
        <ImageOff aria-hidden />
        <span>Picture did not load</span>
        <button type="button" className="btn line mini" tabIndex={-1} onClick={retry}>
          <RotateCw aria-hidden />
          Retry
        </button>
      </div>
    );
  return (
    <>
      {hash && !hasArrived && <img className="ag-hash" src={hash} alt="" aria-hidden draggable={false} />}
      <img
        key={tries}
        className={`ag-picture ag-${state}`}
        src={item.gridUrl}
        alt=""
        loading="lazy"
        decoding="async"
        draggable={false}
        onLoad={loaded}
        onAnimationEnd={() => setState("there")}
        onError={failed}
      />
    </>
  );
}
