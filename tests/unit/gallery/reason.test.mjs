import assert from "node:assert/strict";
import { test } from "node:test";
import { attemptOf, endOf } from "../../../images_app/components/files/reason.js";

const MESSAGE = "Cloudflare answered 429, 971: Please wait.";

test("an attempt tells its number, Cloudflare's own code and when the next one is", () => {
  const at = new Date(2026, 6, 1, 14, 2, 5).toISOString();
  assert.equal(
    attemptOf({ attempt: 2, code: "cloudflare_971", message: MESSAGE, nextAttemptAt: at }),
    `Attempt 2: ${MESSAGE} The next one at 14:02:05.`,
  );
});

test("without a time the next attempt waits for the end of the pause", () => {
  const said = attemptOf({ attempt: 1, code: "cloudflare_5453", message: MESSAGE, nextAttemptAt: null });
  assert.equal(said, `Attempt 1: ${MESSAGE} Waits until Cloudflare takes pictures again.`);
});

test("the end of a run tells what Cloudflare said last, and whether to try again", () => {
  const gone = { code: "cloudflare_http_503", message: "Cloudflare answered 503.", attempts: 8, retryable: true };
  assert.equal(endOf(gone), "No answer in 8 tries. The file is safe. Cloudflare answered 503. Retry is possible.");
  const damaged = { code: "image_damaged", message: "cannot be decoded", attempts: 1, retryable: false };
  assert.equal(endOf(damaged), "The picture is damaged. Retrying will not help.");
});
