// What happened, in people's words: who did, what (the file), rest, and a note after it.

import { bytes } from "../gallery/words.js";
import { reasonOf } from "../files/reason.js";

const a = (role) => `${role === "viewer" ? "a" : "an"} ${role}`;

/** For each type {did, to, rest, note}: `to` is a person. Without `did` nobody did it, and the file begins. */
const SAID = {
  "file.ready": ({ data }) => ({ did: "uploaded", note: data.size ? bytes(data.size) : "" }),
  "file.deleted": () => ({ did: "moved", rest: "to trash" }),
  "file.restored": () => ({ did: "restored" }),
  "file.purged": ({ by }) => (by ? { did: "deleted", rest: "for good" } : { rest: "was deleted for good, its time in the trash was up" }),
  "image.provision_requested": () => ({ did: "asked for the picture of" }),
  "image.provision_retrying": ({ data }) => ({ rest: "will be tried again", note: data.message }),
  "image.created": () => ({ rest: "appeared in the gallery" }),
  "image.provision_failed": ({ data }) => ({ rest: "did not get into the gallery", note: reasonOf(data, data.attempts) }),
  "image.deleted": () => ({ did: "removed", rest: "from the gallery" }),
  "member.added": ({ data }) => ({ did: "added", to: data.email, rest: `as ${a(data.role)}` }),
  "member.role_changed": ({ data }) => ({ did: "made", to: data.email, rest: a(data.role), note: `was ${a(data.before)}` }),
  "member.removed": ({ by, data }) =>
    by === data.email ? { did: "left the workspace" } : { did: "removed", to: data.email, note: `was ${a(data.role)}` },
  "workspace.created": () => ({ did: "created the workspace" }),
  "mcp.called": ({ data }) => ({ did: "called", to: data.tool, rest: "through MCP" }),
  "workspace.changed": ({ data }) => ({ did: changes(data) }),
};

function changes(data) {
  const said = [];
  if ("name" in data) said.push(`renamed the workspace to “${data.name}”`);
  if ("quotaBytes" in data || "quotaFiles" in data) said.push("changed how much fits into the workspace");
  return said.join(" and ") || "changed the workspace";
}

export function said(deed) {
  const { type, by, name } = deed;
  const sentence = SAID[type]?.(deed) ?? { did: type };
  const isAboutFile = type.startsWith("file.") || type.startsWith("image.");
  return { ...sentence, who: sentence.did ? by || "Somebody" : "", what: isAboutFile ? name || "a file" : sentence.to };
}
