import React, { useEffect, useState } from "react";
import { copy } from "./actions.js";
import { api } from "./api.js";
import { camera, exposure, hasPlace, lens } from "./exif.js";
import { History } from "./History.jsx";
import { Copy } from "./icons.js";
import { isSigned } from "./signing.js";
import { bytes, count, moment, wallClock } from "./words.js";

/** What is known about a picture: what the page has at once, the rest as it comes. */
export function InfoPanel({ item }) {
  const image = useFetched(item.id, () => api.image(item.id));
  const file = useFetched(item.fileId, () => api.file(item.fileId));
  const me = useFetched("me", api.me);
  const exif = image?.exif ?? {};
  const by = file && me && file.createdBy === me.id ? " by you" : "";
  return (
    <aside className="ag-panel" aria-label="About this picture">
      <div className="ag-sec">
        <h2>{item.name}</h2>
        <p className="soft">
          Uploaded{by} {moment(item.createdAt)}
        </p>
      </div>
      <div className="ag-sec">
        <h3>Picture</h3>
        <dl className="ag-kv num">
          <Pair name="Taken" value={wallClock(item.takenAt)} />
          <Pair name="Size" value={dimensions(item)} />
          <Pair name="File" value={[bytes(item.size), type(file?.mime)].filter(Boolean).join(", ")} />
          <Pair name="Camera" value={camera(exif)} />
          <Pair name="Lens" value={lens(exif)} />
          <Pair name="Place" value={hasPlace(exif) ? "Left out of delivered copies" : ""} />
        </dl>
        <Exposure values={exposure(exif)} />
      </div>
      <div className="ag-sec">
        <h3>
          {isSigned(item) ? "Link, signed for a while" : "Link"}
          <button type="button" className="btn mini ag-accent" onClick={() => copy(item.url, "URL copied")}>
            Copy
          </button>
        </h3>
        <p className="ag-url">{item.url}</p>
      </div>
      <History fileId={item.fileId} />
      <div className="ag-sec">
        <dl className="ag-kv">
          <dt>Image id</dt>
          <dd>
            <code className="cut soft">{item.id}</code>
            <button type="button" className="btn icon mini" aria-label="Copy image id" title="Copy image id" onClick={() => copy(item.id, "Image id copied")}>
              <Copy aria-hidden />
            </button>
          </dd>
        </dl>
      </div>
    </aside>
  );
}

function Pair({ name, value }) {
  if (!value) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Exposure({ values }) {
  if (!values.length) return null;
  return (
    <div className="ag-expo num">
      {values.map(([value, unit]) => (
        <div key={unit}>
          {value}
          <small>{unit}</small>
        </div>
      ))}
    </div>
  );
}

function dimensions({ width, height }) {
  if (!width || !height) return "";
  const mega = (width * height) / 1e6;
  return `${width} × ${height}, ${mega < 10 ? mega.toFixed(1) : count(Math.round(mega))} MP`;
}

const type = (mime) => (mime ?? "").replace(/^(image|application)\//, "").replace(/\+.*/, "").toUpperCase();

/** The answer for this key, null until it is there; an answer that comes late for another key is not shown. */
export function useFetched(key, load) {
  const [answer, setAnswer] = useState({ key: null, value: null });
  useEffect(() => {
    let alive = true;
    load().then(
      (value) => alive && setAnswer({ key, value }),
      () => {},
    );
    return () => {
      alive = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` says what `load` would load
  }, [key]);
  return answer.key === key ? answer.value : null;
}
