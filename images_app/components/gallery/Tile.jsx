import React, { memo, useEffect, useRef, useState } from "react";
import { Check, Ellipsis, ImageOff, RotateCw } from "./icons.js";
import "./tile.css";
import { clock, endOf, serverNow } from "./signing.js";
import { placeholder } from "./thumbhash.js";
import { useStore } from "./useStore.js";
import { bytes } from "./words.js";

const shown = new Set(); // images that this tab has drawn before: they need no fade
const FINE = { tries: 0 };

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
      <Picture item={item} watch={on.watch} again={on.again} />
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

/**
 * The pixels of a tile. When the address changes, the picture that is there stays until the next one has been decoded
 * above it. An address that has run out is not asked for.
 */
function Picture({ item, watch, again }) {
  const url = item.gridUrl;
  const newest = useRef(url);
  newest.current = url;
  const [drawn, setDrawn] = useState(null); // the address of the picture on the screen
  const [isThere, setThere] = useState(() => shown.has(item.id));
  const [fault, setFault] = useState(FINE); // of the address that it names
  const { tries, isAsking, isBroken } = fault.url === url ? fault : FINE;
  useStore(clock);
  useEffect(() => watch(item), [item, watch]);

  async function loaded(address, picture) {
    await picture.decode().catch(() => {}); // what cannot be decoded has told its error
    if (address !== newest.current) return;
    setDrawn(address);
    shown.add(item.id);
  }
  async function ask() {
    setFault({ url, tries: 1, isAsking: true });
    await again(item);
    setFault((now) => (now.url === url ? { url, tries: 1 } : now));
  }
  // Once without a word: its address may have run out, or the image may be gone.
  const failed = () => (tries ? setFault({ url, tries, isBroken: true }) : ask());
  function retry(event) {
    event.stopPropagation();
    ask();
  }
  if (isBroken && !drawn)
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
  const hash = placeholder(item.thumbhash);
  const isGood = !isAsking && !isBroken && endOf(url) > serverNow();
  const layers = [drawn, url !== drawn && isGood && url].filter(Boolean);
  return (
    <>
      {hash && !(drawn && isThere) && <img className="ag-hash" src={hash} alt="" aria-hidden draggable={false} />}
      {layers.map((address) => (
        <img
          key={address}
          className={`ag-picture ag-${address !== drawn ? "loading" : isThere ? "there" : "shown"}`}
          src={address}
          alt=""
          loading="lazy"
          decoding="async"
          draggable={false}
          onLoad={(event) => loaded(address, event.currentTarget)}
          onAnimationEnd={() => setThere(true)}
          onError={failed}
        />
      ))}
    </>
  );
}
