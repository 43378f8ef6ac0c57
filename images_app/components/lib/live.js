// Whether the page hears what happens; ../gallery/events.js tells.

/** Calls `again` whenever the live connection comes, the first time too: what happened before was not heard. Answers
 *  how to end that. */
export function onceLive(again) {
  let isLive = false;
  const listen = ({ detail }) => {
    const was = isLive;
    isLive = detail.state === "live";
    if (isLive && !was) again();
  };
  window.addEventListener("aeontel:live", listen);
  return () => window.removeEventListener("aeontel:live", listen);
}
