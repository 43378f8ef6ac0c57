import { type Image, useDeleteImage, useListImages } from "@aeontel/react";
import { useEffect, useRef, useState } from "react";

const SAID = { idle: "", connecting: "Connecting", live: "Live", offline: "Offline", refused: "Not live" };

/** Images as they come, further down as they are looked at. */
export function Gallery({ workspaceId }: { workspaceId: string }) {
  const list = useListImages({ workspaceId, limit: 24, include: ["file", "variants"] });
  const [fault, setFault] = useState("");
  const remove = useDeleteImage();

  function onRemove(image: Image) {
    setFault("");
    remove.mutate(image.id, {
      onError: (error) => setFault(`${image.file?.name ?? "The image"} is back: ${error.message}`),
    });
  }

  if (list.isError && !list.images.length) return <Broken text={list.error.message} onRetry={() => void list.refetch()} />;
  return (
    <section aria-label="Images">
      <p className="line">
        <span role="status">{list.total === undefined ? "" : `${list.total} ${list.total === 1 ? "image" : "images"}`}</span>
        <span className={`live ${list.live}`}>{SAID[list.live]}</span>
      </p>
      {fault && <p className="fault" role="alert">{fault}<button onClick={() => setFault("")}>Close</button></p>}
      {list.isSuccess && !list.images.length && <p className="empty">No images yet. Upload one: it appears here by itself.</p>}
      <ul className="grid">
        {list.images.map((image) => (
          <li key={image.id}>
            <img src={image.variants?.grid ?? image.url} alt={image.file?.name ?? ""} loading="lazy" />
            <button aria-label={`Remove ${image.file?.name ?? image.id}`} onClick={() => onRemove(image)}>Remove</button>
          </li>
        ))}
      </ul>
      {list.hasNextPage && <More isBusy={list.isFetching} onMore={() => void list.fetchNextPage()} />}
    </section>
  );
}

/** Asks for the next page as it comes into sight; a button for who moves by keyboard. */
function More({ isBusy, onMore }: { isBusy: boolean; onMore: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isBusy) return;
    const near = new IntersectionObserver(([entry]) => entry?.isIntersecting && onMore(), { rootMargin: "600px" });
    near.observe(button.current!);
    return () => near.disconnect();
  });
  return <button ref={button} className="more" disabled={isBusy} onClick={onMore}>More</button>;
}

function Broken({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div className="face" role="alert">
      <h2>The images could not be loaded</h2>
      <p>{text}</p>
      <button onClick={onRetry}>Try now</button>
    </div>
  );
}
