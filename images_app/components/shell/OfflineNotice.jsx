import { useEffect, useState } from "react";
import { seconds, until } from "../gallery/words.js";
import { WifiOff } from "../lib/icons.js";

/** Says that the connection is gone while it is gone; nothing otherwise. */
export function OfflineNotice() {
  const [lost, setLost] = useState(null);
  const [, tick] = useState(0);

  useEffect(() => {
    const listen = ({ detail }) => setLost(detail?.state === "offline" ? detail : null);
    window.addEventListener("aeontel:live", listen);
    return () => window.removeEventListener("aeontel:live", listen);
  }, []);

  useEffect(() => {
    if (!lost) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [lost]);

  if (!lost) return null;
  const left = lost.retryAt ? until(lost.retryAt) : 0;
  return (
    <div className="notice" role="status">
      <WifiOff aria-hidden="true" />
      <span className="grow">
        Connection lost. What you have loaded stays here.{" "}
        <span className="soft num" aria-hidden="true">{left > 0 ? `Trying again in ${seconds(left)}.` : "Trying again."}</span>
      </span>
      <button type="button" className="btn mini line" onClick={() => window.dispatchEvent(new CustomEvent("aeontel:retry"))}>
        Try now
      </button>
    </div>
  );
}
