import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ratioOfFile } from "../../../images_app/components/gallery/dimensions.js";

// The pictures are written by the Python test that runs this file; their names say how they are displayed.
const folder = process.env.PICTURES;
const { PICTURES_LIST = "" } = process.env;

for (const name of PICTURES_LIST.split(",").filter(Boolean)) {
  test(`the shape of ${name} is known before it is sent`, async () => {
    const [width, height] = name.match(/\d+/g).map(Number);
    const ratio = await ratioOfFile(new Blob([await readFile(`${folder}/${name}`)]));
    assert.ok(Math.abs(ratio - width / height) < 1e-9, `${ratio}`);
  });
}

test("what is no picture, cut short or empty has no shape and no error", async () => {
  for (const bytes of [[], [0xff, 0xd8], [0xff, 0xd8, 0xff, 0xe1, 0, 4, 1], [0x47, 0x49, 0x46], [1, 2, 3, 4, 5, 6, 7, 8, 9]])
    assert.equal(await ratioOfFile(new Blob([Uint8Array.from(bytes)])), null);
});
