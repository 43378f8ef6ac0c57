import { clock, failure } from "../gallery/words.js";

// Among the files themselves nobody needs to be told that the file is there.
const SHORT = {
  not_an_image: "Not a picture inside.",
  image_damaged: "The picture is damaged.",
  svg_refused: "This SVG cannot be made safe to show.",
};

/** Why a file did not get into the gallery, and whether another try can help. */
export function reasonOf(error, attempts) {
  const said = SHORT[error?.code] ?? failure(error && { ...error, attempts });
  return error && !error.retryable ? `${said} Retrying will not help.` : said;
}

/** What came of one attempt, with Cloudflare's own status and code where it answered, and when the next one is. */
export function attemptOf({ attempt, message, nextAttemptAt }) {
  const next = nextAttemptAt ? `The next one at ${clock(nextAttemptAt)}.` : "Waits until Cloudflare takes pictures again.";
  return `Attempt ${attempt}: ${message || "Did not work."} ${next}`;
}

/** How a run ended without an image. */
export function endOf(data) {
  const said = data.code?.startsWith("cloudflare_") && data.message;
  return [reasonOf(data, data.attempts), said, data.retryable && "Retry is possible."].filter(Boolean).join(" ");
}
