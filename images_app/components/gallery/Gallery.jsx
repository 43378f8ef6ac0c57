import React, { useCallback, useEffect, useMemo, useRef, useState } from "react";
import "./gallery.css";
import { copy, trashQuestion } from "./actions.js";
import { Confirm } from "./Dialog.jsx";
import { DropOverlay } from "./DropOverlay.jsx";
import { Empty, End, Loading, More, MoreFailed, Offline, Unreachable } from "./Faces.jsx";
import { Grid } from "./Grid.jsx";
import { Download, ImageMinus, Link, Trash2, ZoomIn } from "./icons.js";
import { Viewer } from "./Lightbox.jsx";
import { Menu } from "./Menu.jsx";
import { pick } from "./picking.js";
import { SelectionBar } from "./SelectionBar.jsx";
import { useStore } from "./useStore.js";
import { Toasts } from "./Toasts.jsx";
import { UploadPanel } from "./UploadPanel.jsx";
import { gridKeys, monthFrom, usePageKeys } from "./useKeys.js";
import { useOpened } from "./useOpened.js";
import { useSelection } from "./useSelection.js";
import { useTiles } from "./useTiles.js";
import { useTotal } from "./Count.jsx";
import { useUploadSources } from "./useUploadSources.js";
import { useWorkspace } from "./useWorkspace.js";

const LONG_PRESS = 450;

/**
 * The Content gallery. Which workspace is told by the server, and one that restarts knows it again only a moment after
 * the page has reconnected: until then everything stays as it was, or files that wait to be sent would be forgotten.
 */
export function Gallery(props) {
  const known = useRef(null);
  if (props.workspaceId) known.current = props;
  return known.current && <Workspace {...known.current} />;
}

/** One workspace. See collection.js for the form of `page`. */
function Workspace({ page, workspaceId, workspaceName, canWrite = false, canDelete = false, onNeedPage }) {
  const world = useWorkspace(workspaceId, page, onNeedPage);
  const { collection, files, uploads, actions, signer, live, limits } = world;
  const state = useStore(collection.store);
  const { items, entries, tiles, monthOf } = useTiles(collection, files);
  const { selection, toggle, range, many, clear } = useSelection(items);
  const [activeKey, setActive] = useState(null);
  const [asking, setAsking] = useState(null);
  const [menu, setMenu] = useState(null);
  const [opened, open, close] = useOpened();
  const handle = useRef(null);
  const can = useMemo(() => ({ write: canWrite, delete: canDelete }), [canWrite, canDelete]);
  useTotal(state.total, items, state.next);

  const byId = useMemo(() => new Map(items.map((item) => [item.id, item])), [items]);
  const chosen = useMemo(() => items.filter((item) => selection.has(item.id)), [items, selection]);
  const go = useCallback((key, options) => {
    setActive(key);
    handle.current?.reveal(key, options);
  }, []);

  const trash = useCallback((list) => setAsking(list), []);
  const on = useHandlers({ uploads, actions, signer, selection, toggle, range, many, open, setActive, setMenu });
  on.key = gridKeys({ handle, active: activeKey, go, open, toggle, range, isImage: (key) => byId.has(key) });

  const add = useCallback((list) => list.length && uploads.add(list), [uploads]);
  const choose = useCallback((options) => pick(options).then(add), [add]);
  const drag = useUploadSources({ enabled: canWrite, add, choose });

  usePageKeys(
    useMemo(() => {
      const step = (by) => () => {
        const key = handle.current?.layout && monthFrom(handle.current.layout, activeKey, by);
        return key ? go(key) : false;
      };
      return {
        u: () => (canWrite ? void choose({}) : false),
        "Ctrl+a": () => (items.length ? many(items.map(({ id }) => id)) : false),
        Escape: () => (selection.size ? clear() : false),
        Delete: () => (canDelete && chosen.length ? void actions.remove(chosen) : false),
        "Shift+Delete": () => (canDelete && chosen.length ? trash(chosen) : false),
        "Shift+j": step(1),
        "Shift+k": step(-1),
      };
    }, [actions, activeKey, canDelete, canWrite, choose, chosen, clear, go, items, many, selection, trash]),
  );

  const tabStop = tiles.some((tile) => (tile.key ?? tile.id) === activeKey) ? activeKey : (tiles[0]?.key ?? tiles[0]?.id);
  const near = useCallback(() => collection.store.get().status !== "error" && collection.need(), [collection]);
  const empty = state.status === "ready" && !tiles.length && !state.next;

  function show(entry) {
    const item = collection.byFile(entry.fileId);
    if (item) go(item.id, { centre: true });
  }

  return (
    <section className={`ag-gallery ${selection.size ? "ag-selecting" : ""}`} aria-label="Images">
      {live.state === "offline" && tiles.length > 0 && <Offline live={live} onRetry={world.reconnect} />}
      {!tiles.length && state.status === "error" && (
        <Unreachable live={live} onRetry={() => (world.reconnect(), collection.retry())} />
      )}
      {!tiles.length && state.status !== "error" && !empty && <Loading />}
      {empty && <Empty can={can} maxBytes={limits?.maxFileBytes} workspaceId={workspaceId} onPick={choose} />}
      {tiles.length > 0 && (
        <Grid
          {...{ tiles, files, monthOf, selection, can, on, handle }}
          more={Boolean(state.next)}
          activeKey={tabStop}
          onNear={near}
        >
          <Foot state={state} items={items} collection={collection} onTop={() => handle.current?.toTop()} />
        </Grid>
      )}
      {chosen.length > 0 && (
        <SelectionBar
          items={chosen}
          can={can}
          onClear={clear}
          onAll={() => many(items.map(({ id }) => id))}
          onCopy={() => actions.copyLinks(chosen)}
          onRemove={() => actions.remove(chosen)}
          onTrash={() => trash(chosen)}
        />
      )}
      {canWrite && <UploadPanel {...{ files, uploads, actions, entries, items }} onShow={show} />}
      {drag !== 0 && <DropOverlay count={drag} workspaceName={workspaceName} maxBytes={limits?.maxFileBytes} />}
      {menu && <Menu {...menu} onClose={() => setMenu(null)} rows={tileMenu(menu.item, { can, open, actions, trash })} />}
      {opened && live.state !== "expired" && (
        <Viewer
          {...{ items, can, actions, signer }}
          id={opened}
          total={state.total}
          more={state.next}
          onNear={near}
          onView={(id) => open(id, { replace: true })}
          onTrash={(item) => trash([item])}
          onClose={(id) => {
            close();
            requestAnimationFrame(() => go(id));
          }}
        />
      )}
      {asking && live.state !== "expired" && (
        <Confirm
          {...trashQuestion(asking.length, limits?.trashDays)}
          onKeep={() => setAsking(null)}
          onAct={() => {
            setAsking(null);
            actions.trash(asking);
          }}
        />
      )}
      {!opened && <Toasts />}
    </section>
  );
}

function Foot({ state, items, collection, onTop }) {
  if (state.status === "error") return <MoreFailed onRetry={collection.retry} />;
  if (state.next) return <More key={items.length} />; // another one each time: the old one did not move
  if (!items.length) return null;
  return <End total={state.total ?? items.length} first={items[items.length - 1].createdAt} onTop={onTop} />;
}

function tileMenu(item, { can, open, actions, trash }) {
  const rows = [
    { icon: ZoomIn, label: "Open", run: () => open(item.id) },
    { icon: Link, label: "Copy link", run: () => copy(item.url, "Link copied") },
    { icon: Download, label: "Download original", run: () => actions.download(item) },
  ];
  if (!can.delete) return rows;
  rows.push(null, { icon: ImageMinus, label: "Remove from gallery", run: () => actions.remove([item]) });
  rows.push({ icon: Trash2, label: "Move file to trash", danger: true, run: () => trash([item]) });
  return rows;
}

/** Handlers that stay the same object while nothing they use changes, so that tiles need not be drawn again. */
function useHandlers({ uploads, actions, signer, selection, toggle, range, open, many, setActive, setMenu }) {
  const now = useRef({});
  now.current = { selecting: selection.size > 0, range, toggle };
  const pressed = useRef(null);
  useEffect(() => () => clearTimeout(pressed.current?.timer), []);
  return useMemo(
    () => ({
      focus: setActive,
      month: many,
      click(id, event) {
        if (pressed.current?.long) return void (pressed.current = null);
        if (event.shiftKey) now.current.range(id);
        else if (now.current.selecting || event.ctrlKey || event.metaKey) now.current.toggle(id);
        else open(id);
      },
      check(id, event) {
        event.stopPropagation();
        if (event.shiftKey) now.current.range(id);
        else now.current.toggle(id);
      },
      more(item, event) {
        event.stopPropagation();
        setMenu({ item, anchor: event.currentTarget, label: `Actions for ${item.name}` });
      },
      /** A long press of a finger chooses. */
      press(id, event) {
        clearTimeout(pressed.current?.timer);
        pressed.current = null;
        if (event.pointerType !== "touch") return;
        const press = { long: false };
        press.timer = setTimeout(() => {
          press.long = true;
          now.current.toggle(id);
        }, LONG_PRESS);
        pressed.current = press;
        const stop = () => clearTimeout(press.timer);
        for (const kind of ["pointerup", "pointercancel", "pointermove"]) window.addEventListener(kind, stop, { once: true });
      },
      watch: signer.watch,
      again: signer.again,
      retry: (entry) => (entry.fileId ? actions.retry(entry) : uploads.resend(entry.key)),
      discard: actions.discard,
      dismiss: (entry) => uploads.cancel(entry.key),
    }),
    [actions, signer, uploads, many, open, setActive, setMenu],
  );
}
