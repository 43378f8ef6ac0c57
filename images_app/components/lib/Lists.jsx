// What every list shows besides its rows: while it has none, and where the next ones will be.

import { useEffect, useRef } from "react";
import { RotateCw, WifiOff } from "./icons.js";

const WIDTHS = [114, 156, 90, 132, 180];

/** Rows to come. `name` says of what. */
export function Waiting({ name, className = "" }) {
  return (
    <div className={`table ${className}`} role="status" aria-busy="true" aria-label={`Loading ${name}`}>
      {WIDTHS.map((width) => (
        <div key={width} className="tr breathing" aria-hidden="true">
          <div className="name"><i className="line" style={{ width: `${width}px` }} /></div>
        </div>
      ))}
    </div>
  );
}

/** A face in the place of the list; `children` are its buttons. */
export function Face({ icon: Icon, title, text, children, ...rest }) {
  return (
    <div className="face" {...rest}>
      <div className="in">
        <span className="glyph"><Icon aria-hidden="true" /></span>
        <h2>{title}</h2>
        <p>{text}</p>
        {children && <div className="do">{children}</div>}
      </div>
    </div>
  );
}

/** It did not come. `name` such as "The members"; what the server refused is told as it told it. */
export function Broken({ name, error, onRetry }) {
  const isRefused = error?.status === 403 || error?.status === 404;
  return (
    <Face
      icon={WifiOff} role="alert" title={isRefused ? "This is not for you to see" : `${name} could not be loaded`}
      text={isRefused ? error.message : "Nothing is lost. The server did not answer this time."}
    >
      {!isRefused && (
        <button type="button" className="btn ink" onClick={onRetry}><RotateCw aria-hidden="true" />Try now</button>
      )}
    </Face>
  );
}

/** The end of what is there of a list: asks for the next page as it comes near; a button for who moves by keyboard, and
 *  after a failure. `name` such as "files"; `shown` how many there are. */
export function More({ name, next, shown, status, onMore, onRetry = onMore }) {
  const ref = useRef(null);
  const isStuck = status === "stuck";
  useEffect(() => {
    if (!next || status !== "ready") return undefined;
    // Seen anew after each page: a page can be too short to move this out of sight.
    const near = new IntersectionObserver(([entry]) => entry.isIntersecting && onMore(), { rootMargin: "600px" });
    near.observe(ref.current);
    return () => near.disconnect();
  }, [next, shown, status, onMore]);
  if (!next) return null;
  return (
    <div ref={ref} className="load-more">
      {isStuck && <span className="soft">The next {name} could not be loaded.</span>}
      <button type="button" className="btn line" onClick={isStuck ? onRetry : onMore}>{isStuck ? "Retry" : "Load more"}</button>
    </div>
  );
}
