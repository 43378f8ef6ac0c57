import { useEffect, useState } from "react";

/** This server's address, as the browser knows it; "" while the page is only static. */
export function useOrigin() {
  const [origin, setOrigin] = useState("");
  useEffect(() => setOrigin(window.location.origin), []);
  return origin;
}
