import { failure } from "../gallery/words.js";

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
