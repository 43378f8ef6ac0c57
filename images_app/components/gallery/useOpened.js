import { useCallback, useEffect, useState } from "react";

const read = () => new URLSearchParams(window.location.search).get("image");

function address(id) {
  const url = new URL(window.location.href);
  if (id) url.searchParams.set("image", id);
  else url.searchParams.delete("image");
  return url;
}

/** Which picture is open, in the address, so that Back closes it and a link leads to it. */
export function useOpened() {
  const [opened, setOpened] = useState(read);

  useEffect(() => {
    const back = () => setOpened(read());
    window.addEventListener("popstate", back);
    return () => window.removeEventListener("popstate", back);
  }, []);

  const open = useCallback((id, { replace = false } = {}) => {
    const state = { ...window.history.state, aeontelOpened: replace ? window.history.state?.aeontelOpened : true };
    window.history[replace ? "replaceState" : "pushState"](state, "", address(id));
    setOpened(id);
  }, []);

  const close = useCallback(() => {
    setOpened(null);
    if (window.history.state?.aeontelOpened) window.history.back();
    else window.history.replaceState(window.history.state, "", address(null));
  }, []);

  return [opened, open, close];
}
