import assert from "node:assert/strict";
import { test } from "node:test";
import { browserOf } from "../../../images_app/components/account/browser.js";
import { said } from "../../../images_app/components/activity/said.js";

const spoken = (deed) => {
  const { who, did, what, rest, note } = said({ by: "mara@example.com", name: "", data: {}, ...deed });
  return [who, did, what, rest, note].filter(Boolean).join(" ");
};

test("what happened is said as a sentence about who did it", () => {
  assert.equal(spoken({ type: "file.deleted", name: "a.jpg" }), "mara@example.com moved a.jpg to trash");
  assert.equal(spoken({ type: "file.purged", name: "a.jpg" }), "mara@example.com deleted a.jpg for good");
  assert.equal(spoken({ type: "file.purged", by: "", name: "a.jpg" }), "a.jpg was deleted for good, its time in the trash was up");
  assert.equal(spoken({ type: "image.created", by: "", name: "a.jpg" }), "a.jpg appeared in the gallery");
  const changed = { type: "member.role_changed", data: { email: "ana@example.com", role: "viewer", before: "editor" } };
  assert.equal(spoken(changed), "mara@example.com made ana@example.com a viewer was an editor");
  assert.equal(spoken({ type: "member.removed", data: { email: "mara@example.com", role: "owner" } }), "mara@example.com left the workspace");
  assert.equal(spoken({ type: "workspace.changed", data: { name: "New" } }), "mara@example.com renamed the workspace to “New”");
  assert.equal(spoken({ type: "mcp.called", data: { tool: "get_image" } }), "mara@example.com called get_image through MCP");
});

test("an event of an unknown kind or of a deleted file is still told", () => {
  assert.equal(spoken({ type: "something.new" }), "mara@example.com something.new");
  assert.equal(spoken({ type: "file.deleted", by: "" }), "Somebody moved a file to trash");
});

test("a device is named by its browser and system, and an unknown one by its own words", () => {
  assert.equal(browserOf("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
  assert.equal(browserOf("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"), "Edge on Windows");
  assert.equal(browserOf("curl/8.9"), "curl/8.9");
  assert.equal(browserOf(""), "Unknown device");
});
