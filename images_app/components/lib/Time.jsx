import { useEffect, useState } from "react";
import { say } from "./time.js";

/** A moment, in the reader's zone. Drawn only in the browser: the static page must not show the builder's zone. */
export function Time({ at, form = "short", className }) {
  const [spoken, setSpoken] = useState(null);
  useEffect(() => setSpoken(say(at, form)), [at, form]);
  return (
    <time dateTime={at || undefined} title={spoken?.full} className={className}>
      {spoken?.said}
    </time>
  );
}
