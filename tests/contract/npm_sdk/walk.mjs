// Every method that the official npm SDK has for Images, against one server; prints what happened as JSON.
// Arguments: base URL, account id, token, a URL that copy-from-URL may reach. The picture comes on stdin.

import Cloudflare from "cloudflare";

const [baseURL, account_id, apiToken, origin] = process.argv.slice(2);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const bytes = Buffer.concat(chunks);
const file = () => new File([bytes], "a.jpg", { type: "image/jpeg" });
const client = new Cloudflare({ apiToken, baseURL, maxRetries: 0 });
const { v1, v2 } = client.images;
const seen = {};

const refusal = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return { name: error.constructor.name, status: error.status, code: error.errors?.[0]?.code };
  }
};

seen.created = await v1.create({ account_id, file: file(), metadata: JSON.stringify({ n: 1 }), creator: "npm" });
const { id } = seen.created;
seen.copied = await v1.create({ account_id, url: origin, id: "npm/from url.jpg" });
seen.copiedAgain = await v1.get("npm/from url.jpg", { account_id });
seen.nested = await v1.create({ account_id, file: file(), metadata: { k: "v", n: { z: "1" } } });
seen.details = await v1.get(id, { account_id });
const blob = await v1.blobs.get(id, { account_id });
seen.blobIsSame = Buffer.from(await blob.arrayBuffer()).equals(bytes);
const page = await v1.list({ account_id, creator: "npm", per_page: 10 });
seen.oldList = page.result.images.map((image) => image.id);
seen.oldListIterated = [];
for await (const image of page) seen.oldListIterated.push(image);
seen.newList = await v2.list({ account_id, creator: "npm", sort_order: "asc", per_page: 10 });
seen.edited = await v1.edit(id, { account_id, metadata: { b: 2 } });
seen.private = await v1.edit(id, { account_id, requireSignedURLs: true });
seen.deleted = await v1.delete(seen.private.id, { account_id });
seen.gone = await refusal(() => v1.get(id, { account_id }));
seen.stats = await v1.stats.get({ account_id });

seen.keysBefore = (await v1.keys.list({ account_id })).keys.map((key) => key.name);
seen.keysAfter = (await v1.keys.update("npm", { account_id })).keys.map((key) => key.name);
seen.keysLast = (await v1.keys.delete("npm", { account_id })).keys.map((key) => key.name);

const options = { fit: "cover", width: 40, height: 30, metadata: "none" };
seen.variant = (await v1.variants.create({ account_id, id: "npm", options })).variant;
seen.variantRead = (await v1.variants.get("npm", { account_id })).variant;
seen.variantEdited = (await v1.variants.edit("npm", { account_id, options: { ...options, width: 50 } })).variant;
seen.variants = Object.keys((await v1.variants.list({ account_id })).variants);
await v1.variants.delete("npm", { account_id });
seen.variantGone = await refusal(() => v1.variants.get("npm", { account_id }));

seen.draft = await v2.directUploads.create({ account_id, metadata: JSON.stringify({ d: 1 }) });
seen.waiting = await v1.get(seen.draft.id, { account_id });
const form = new FormData();
form.append("file", file());
seen.uploaded = (await fetch(seen.draft.uploadURL, { method: "POST", body: form })).status;
seen.arrived = await v1.get(seen.draft.id, { account_id });

const own = (resource) => {
  const names = [];
  for (let at = Object.getPrototypeOf(resource); at !== Object.prototype; at = Object.getPrototypeOf(at))
    names.push(...Object.getOwnPropertyNames(at).filter((name) => name !== "constructor"));
  return names;
};
seen.methods = [v1, v1.keys, v1.variants, v1.stats, v1.blobs, v2, v2.directUploads].map(own);
console.log(JSON.stringify(seen));
