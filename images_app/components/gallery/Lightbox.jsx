import React, { useCallback, useEffect, useRef, useState } from "react";
import Lightbox from "yet-another-react-lightbox";
import Inline from "yet-another-react-lightbox/plugins/inline";
import Zoom from "yet-another-react-lightbox/plugins/zoom";
import "yet-another-react-lightbox/styles.css";
import "./lightbox.css";
import { copy } from "./actions.js";
import { api, toItem } from "./api.js";
import { Modal } from "./Dialog.jsx";
import { ChevronLeft, ChevronRight, ImageOff, RotateCw } from "./icons.js";
import { InfoPanel } from "./InfoPanel.jsx";
import { html, markdown } from "./links.js";
import { Menu } from "./Menu.jsx";
import { placeholder } from "./thumbhash.js";
import { Toasts } from "./Toasts.jsx";
import { copyRows, moreRows, PhoneBar, StageHead } from "./ViewerBars.jsx";
import { useSlides } from "./useSlides.js";
import { useViewerKeys } from "./useViewerKeys.js";

const NEAR = 12;
const MARGIN = 64;
const PLUGINS = [Inline, Zoom];
const isPhone = () => window.matchMedia("(max-width: 720px)").matches;

/** One picture at a time, over everything: the stage, and what is known about the picture beside it. */
export function Viewer({ id, items, total, more, can, actions, signer, onNear, onView, onTrash, onClose }) {
  const [panel, setPanel] = useState(() => !isPhone());
  const [menu, setMenu] = useState(null);
  const [zoom, setZoom] = useState(1);
  const controller = useRef(null);
  const zoomer = useRef(null);
  const [stray, setStray] = useStray(id, items, onClose);
  const list = stray ? [stray] : items;
  const at = useIndex(id, list, onView, onClose);
  const item = list[at];

  useEffect(() => {
    if (more && at > items.length - NEAR) onNear();
  }, [at, items.length, more, onNear]);

  const [slides, ownProps, lost] = useSlides(list, at, signer, stray ? setStray : undefined);
  const imageProps = (slide) => ({ ...ownProps(slide), style: stand(list.find(({ id }) => id === slide.id)) });
  const view = useCallback(
    ({ index }) => {
      if (list[index] && list[index].id !== id) onView(list[index].id);
    },
    [id, list, onView],
  );

  const run = {
    close: () => onClose(id),
    prev: () => at > 0 && controller.current?.prev(),
    next: () => at < list.length - 1 && controller.current?.next(),
    info: () => setPanel((shown) => !shown),
    zoom: () => {
      const { zoom: now = 1, changeZoom, maxZoom = 1 } = zoomer.current ?? {};
      changeZoom?.(now > 1 ? 1 : Math.min(maxZoom, 2));
    },
    download: () => actions.download(item),
    url: () => copy(item.url, "URL copied"),
    markdown: () => copy(markdown(item), "Markdown copied"),
    html: () => copy(html(item), "HTML copied"),
    id: () => copy(item.id, "Image id copied"),
    remove: () => can.delete && actions.remove([item]),
    trash: () => can.delete && onTrash(item),
  };
  const onKey = useViewerKeys(run);
  if (!item) return null;

  const open = (rows, label) => (event) => setMenu({ anchor: event.currentTarget, rows, label });
  const toCopy = open(copyRows(item, run), "Copy");
  return (
    <Modal className={`ag-lb ${panel ? "" : "ag-bare"}`} label="Picture viewer" onClose={run.close} onKeyDown={onKey}>
      <section className="ag-stage" aria-label={`${item.name}, ${at + 1} of ${total ?? list.length}`}>
        <StageHead {...{ item, panel, run, zoom, toCopy }} place={stray ? null : at + 1} total={total} toMore={open(moreRows(item, { can, run }), "More actions")} />
        <div className="ag-canvas">
          <Lightbox
            plugins={PLUGINS}
            slides={slides}
            index={at}
            on={{ view, zoom: ({ zoom: now }) => setZoom(now) }}
            carousel={{ finite: true, preload: 2, padding: isPhone() ? 0 : MARGIN, spacing: 0, imageProps }}
            controller={{ ref: controller, aria: false, touchAction: "none", closeOnEscape: false }}
            animation={{ fade: 180, swipe: 260, navigation: 260 }}
            zoom={{ ref: zoomer, maxZoomPixelRatio: 2, scrollToZoom: true, pinchZoomV4: true }}
            toolbar={{ buttons: [] }}
            render={{ buttonPrev: nothing, buttonNext: nothing, buttonZoom: nothing, iconError: () => <Lost onRetry={() => lost(item.id)} /> }}
          />
        </div>
        <Scale item={item} zoom={zoom} panel={panel} />
        <button type="button" className="ag-arrow ag-prev" aria-label="Previous (Left arrow)" disabled={at === 0} onClick={run.prev}>
          <ChevronLeft aria-hidden />
        </button>
        <button type="button" className="ag-arrow ag-next" aria-label="Next (Right arrow)" disabled={at >= list.length - 1} onClick={run.next}>
          <ChevronRight aria-hidden />
        </button>
      </section>
      {panel && <InfoPanel item={item} />}
      <PhoneBar {...{ run, can, panel, toCopy }} />
      {menu && <Menu {...menu} onClose={() => setMenu(null)} />}
      <Toasts />
    </Modal>
  );
}

const nothing = () => null;

/** What a picture has before its pixels: its size on the stage, and in its place the grid's picture over the thumbhash. */
function stand({ width, height, gridUrl, thumbhash } = {}) {
  const before = [gridUrl, placeholder(thumbhash)].filter(Boolean).map((url) => `url(${JSON.stringify(url)})`);
  const size = width && height ? { width: `min(100cqw, ${width}px, 100cqh * ${width / height})`, aspectRatio: `${width} / ${height}` } : {};
  return { "--before": before.join() || "none", ...size };
}

function Lost({ onRetry }) {
  return (
    <div className="ag-lost">
      <ImageOff aria-hidden />
      <p>The picture did not load.</p>
      <button type="button" className="btn" onClick={onRetry}>
        <RotateCw aria-hidden />
        Retry
      </button>
    </div>
  );
}

/** How large the picture is drawn, compared with the original. */
function Scale({ item, zoom, panel }) {
  const ref = useRef(null);
  const [room, setRoom] = useState(null);
  useEffect(() => {
    const stage = ref.current.parentElement;
    const observer = new ResizeObserver(() => setRoom({ width: stage.clientWidth - 2 * MARGIN, height: stage.clientHeight - 2 * MARGIN }));
    observer.observe(stage);
    return () => observer.disconnect();
  }, [panel]);
  const fit = room && item.width && item.height ? Math.min(1, room.width / item.width, room.height / item.height) : null;
  return (
    <div className="ag-foot num on-desk" ref={ref}>
      {fit && (zoom > 1 ? `${Math.round(fit * zoom * 100)} %` : `Fit, ${Math.round(fit * 100)} %`)}
    </div>
  );
}

/** A picture whose link was followed but whose page is not loaded: shown alone; null when it is in the list. And its setter. */
function useStray(id, items, onClose) {
  const [stray, setStray] = useState(null);
  const listed = items.some((item) => item.id === id);
  const known = useRef(listed);
  known.current ||= listed;
  useEffect(() => {
    if (known.current) return undefined;
    let alive = true;
    api.image(id).then(
      (image) => alive && setStray(toItem(image)),
      () => alive && onClose(id),
    );
    return () => {
      alive = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each address
  }, [id]);
  return [listed || stray?.id !== id ? null : stray, setStray];
}

/** Where the picture is in the list; when it leaves the list the one that takes its place is shown. */
function useIndex(id, list, onView, onClose) {
  const last = useRef(-1);
  const at = list.findIndex((item) => item.id === id);
  useEffect(() => {
    if (at >= 0) last.current = at;
    else if (last.current >= 0 && list.length) onView(list[Math.min(last.current, list.length - 1)].id);
    else if (last.current >= 0) onClose(id);
  }, [at, list, id, onView, onClose]);
  return at >= 0 ? at : Math.min(last.current, list.length - 1);
}
