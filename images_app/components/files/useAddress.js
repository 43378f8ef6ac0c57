import { useCallback, useState } from "react";
import { api } from "../gallery/api.js";

/**
 * The address of a file's picture, and what to do when it does not load: its signature may have run out while the page
 * was open, so it is asked for once. Null when there is nothing to show.
 */
export function useAddress({ id }, variant, url) {
  const [other, setOther] = useState(null); // {of, url}: what came in place of `of`
  const isReplaced = other?.of === url;
  const failed = useCallback(() => {
    setOther({ of: url, url: null });
    if (isReplaced) return;
    api.image(id).then((image) => setOther({ of: url, url: image.variants?.[variant] ?? null }), () => {});
  }, [id, variant, url, isReplaced]);
  return [isReplaced ? other.url : url, failed];
}
