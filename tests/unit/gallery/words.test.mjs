import assert from "node:assert/strict";
import { test } from "node:test";
import { camera, exposure, rational, text } from "../../../images_app/components/gallery/exif.js";
import { html, markdown } from "../../../images_app/components/gallery/links.js";
import { bytes, bytesOf, failure, limit, plural } from "../../../images_app/components/gallery/words.js";

test("sizes are said as cameras count them", () => {
  assert.equal(bytes(0), "0 bytes");
  assert.equal(bytes(999_960), "1.0 MB");
  assert.equal(bytes(14_200_000), "14.2 MB");
  assert.equal(bytes(486_000_000), "486 MB");
  assert.equal(limit(64_000_000), "64 MB");
  assert.equal(bytesOf(9_000_000, 14_200_000), "9.0 of 14.2 MB");
  assert.equal(plural(1, "file"), "1 file");
  assert.equal(plural(4312, "image"), "4,312 images");
});

test("a failure says what happened and what becomes of the file", () => {
  assert.equal(
    failure({ code: "file_too_large", size: 83_000_000, limit: 64_000_000 }),
    "This file is 83.0 MB. The most is 64 MB. Export it smaller.",
  );
  assert.equal(
    failure({ code: "quota_exceeded", resource: "files", limit: 1 }),
    "The workspace is full: it may hold 1 file. Nothing was stored: empty the trash, or ask for more.",
  );
  assert.equal(failure({ code: "not_an_image" }), "Not a picture inside. Kept in Files.");
  assert.equal(failure({ code: "cloudflare_error", attempts: 8 }), "No answer in 8 tries. The file is safe.");
  assert.equal(failure({ code: "new_code", message: "Something new." }), "Something new.");
});

test("an address cannot leave the attribute or the link that it is pasted into", () => {
  const item = { name: "a](x) <b>", url: 'http://h/i?a=1&b="><script>', width: 3, height: 2 };
  assert.equal(html(item), '<img src="http://h/i?a=1&amp;b=&quot;&gt;&lt;script&gt;" width="3" height="2" alt="" loading="lazy">');
  assert.equal(markdown({ ...item, url: "http://h/i" }), "![a\\](x) \\<b\\>](<http://h/i>)");
});

test("exif is read in every form that cameras write, and is never more than text", () => {
  assert.equal(rational([1, 250]), 0.004);
  assert.equal(rational("1/250"), 0.004);
  assert.equal(rational([1, 0]), null);
  assert.equal(rational({ a: 1 }), null);
  assert.deepEqual(exposure({ ExposureTime: 0.004, FNumber: "8/1", ISOSpeedRatings: [200], FocalLength: 23.4 }), [
    ["1/250", "second"],
    ["f/8", "aperture"],
    ["200", "ISO"],
    ["23.4 mm", "focal"],
  ]);
  assert.equal(camera({ Make: "Canon", Model: "Canon EOS R5" }), "Canon EOS R5");
  assert.equal(camera({ Make: "Fujifilm", Model: "X-T5" }), "Fujifilm X-T5");
  assert.equal(text("a\u0000b\n"), "a b");
  assert.equal(text({ toString: "x" }), "");
});
