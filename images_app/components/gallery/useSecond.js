import { useEffect, useState } from "react";

/** Draws again every second while something counts down. */
export function useSecond(on = true) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [on]);
}
