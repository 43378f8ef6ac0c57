// In front of imagedelivery.net: shows a private image to whoever brings a token for it (IMAGES_URL_SIGNING=jwt).
//
// Cloudflare checks no tokens, so this Worker does, and then asks Cloudflare with the account's own signature (exp and
// sig). What comes without a token goes to Cloudflare as it is: public images are shown, private ones are not, and
// URLs that carry exp and sig themselves go on working. Nothing else is let through.
//
// Bindings: ACCOUNT_HASH; the secrets TOKEN_KEYS (JSON, {kid: secret}) and SIGNING_KEY; optional CACHE_SECONDS and
// DELIVERY_BASE.

const MAX_QUERY = 4096;
const CACHE_SECONDS = 300;
const PASSED_ON = ["accept", "if-none-match", "if-modified-since", "range"];
const HANDED_OUT = [
  ...["accept-ranges", "cache-control", "cf-images", "content-disposition", "content-range"],
  ...["content-type", "etag", "last-modified", "retry-after", "vary"],
];

export default {
  async fetch(request, env, context) {
    try {
      return await answer(request, settings(env), context);
    } catch (error) {
      if (error instanceof Refusal) return refused(error);
      console.error(error.message); // of ours or of the network: the visitor learns nothing of it
      return refused(new Refusal(500, 9523, "Internal error"));
    }
  },
};

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const denied = () => new Refusal(403, 9425, "Access denied");

function refused({ status, code, message }) {
  const headers = { "content-type": "text/plain; charset=utf-8", "cf-images": `err=${code}`, "cache-control": "no-store" };
  return guarded(new Response(`ERROR ${code}: ${message}\n`, { status, headers }));
}

function settings(env) {
  if (!env.ACCOUNT_HASH || !env.SIGNING_KEY || !env.TOKEN_KEYS) {
    throw new Error("ACCOUNT_HASH, SIGNING_KEY and TOKEN_KEYS must be set");
  }
  return {
    accountHash: env.ACCOUNT_HASH,
    signingKey: env.SIGNING_KEY,
    tokenKeys: new Map(Object.entries(JSON.parse(env.TOKEN_KEYS))),
    cacheSeconds: Number(env.CACHE_SECONDS ?? CACHE_SECONDS),
    base: (env.DELIVERY_BASE ?? "https://imagedelivery.net").replace(/\/$/, ""),
  };
}

async function answer(request, own, context) {
  if (request.method !== "GET" && request.method !== "HEAD") throw new Refusal(405, 9432, "Method not allowed");
  const { pathname, search } = new URL(request.url);
  const query = search.slice(1);
  if (query.length > MAX_QUERY) throw denied();
  const picture = named(pathname);
  if (picture.accountHash !== own.accountHash) throw new Refusal(403, 9427, "Unknown account");
  if (!query.split("&").some((part) => part.split("=", 1)[0] === "token")) {
    return handedOut(await ask(`${own.base}${pathname}${search}`, request));
  }
  const expires = await expiryOf(query, picture, own);
  const image = await pictureOf(picture, expires, request, own, context);
  return handedOut(image, expires - Math.floor(Date.now() / 1000));
}

/** What a path names: /<account hash>/<image id, which may have slashes>/<variant>. */
function named(pathname) {
  let parts;
  try {
    parts = pathname.split("/").slice(1).map(decodeURIComponent);
  } catch {
    throw new Refusal(400, 9432, "Bad request");
  }
  if (parts.some((part) => part.includes("/"))) throw new Refusal(400, 9432, "Bad request");
  if (parts.length < 3 || parts.includes("")) throw new Refusal(404, 9404, "Image not found");
  const [accountHash, ...rest] = parts;
  return { accountHash, variant: rest.pop(), imageId: rest.join("/") };
}

// ---- the token: as strict as the local delivery, see tests/contract/test_delivery_access.py ----

/** Until when (Unix seconds) the one token of the query is good for this picture; throws when it is not. */
async function expiryOf(query, picture, own) {
  const token = /^token=([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(query);
  if (!token || picture.variant.includes("=")) throw denied();
  const [, header, claims, signature] = token;
  const secret = own.tokenKeys.get(kidOf(header));
  const given = bytesOf(signature);
  if (typeof secret !== "string" || !secret || textOf(given) !== signature) throw denied(); // one spelling only
  const key = await hmacKey(secret, "verify");
  if (!(await crypto.subtle.verify("HMAC", key, given, encoded(`${header}.${claims}`)))) throw denied();
  return expiryIn(objectIn(claims), picture);
}

function kidOf(header) {
  const { alg, kid, typ, ...more } = objectIn(header);
  if (alg !== "HS256" || typeof kid !== "string" || Object.keys(more).length) throw denied();
  return kid;
}

function expiryIn(claims, { accountHash, imageId, variant }) {
  const now = Date.now() / 1000;
  const isOurs = claims.aud === accountHash && claims.sub === imageId && claims.var === variant;
  const hasBegun = ["nbf", "iat"].every((name) => !(name in claims) || isPast(claims[name], now));
  if (!isOurs || !hasBegun || !Number.isSafeInteger(claims.exp) || claims.exp <= now) throw denied();
  return claims.exp;
}

const isPast = (time, now) => typeof time === "number" && time <= now;

function objectIn(part) {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(part)));
    if (value && typeof value === "object" && !Array.isArray(value)) return value;
  } catch {
    // no JSON
  }
  throw denied();
}

function bytesOf(base64url) {
  try {
    return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  } catch {
    throw denied();
  }
}

const textOf = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// ---- Cloudflare ----

/** The picture of a good token: from the edge's cache, whose key has no token, or from Cloudflare with `exp` and `sig`. */
async function pictureOf(picture, expires, request, own, context) {
  const path = `/${[picture.accountHash, ...picture.imageId.split("/"), picture.variant].map(encodeURIComponent).join("/")}`;
  const isPlain = request.method === "GET" && PASSED_ON.every((name) => name === "accept" || !request.headers.has(name));
  const isCached = own.cacheSeconds > 0 && isPlain;
  const key = new URL(`${path}?format=${formatFor(request.headers.get("accept") ?? "")}`, request.url).href;
  const kept = isCached ? await caches.default.match(key) : undefined;
  if (kept) return kept;
  const query = `exp=${expires}`;
  const image = await ask(`${own.base}${path}?${query}&sig=${await signed(`${path}?${query}`, own.signingKey)}`, request);
  if (isCached && image.status === 200) {
    const copy = new Response(image.clone().body, image);
    copy.headers.set("cache-control", `public, max-age=${own.cacheSeconds}`);
    copy.headers.delete("vary"); // the key says what it varied by
    copy.headers.delete("set-cookie");
    context.waitUntil(caches.default.put(key, copy));
  }
  return image;
}

/** Cloudflare chooses the format by `Accept`. */
function formatFor(accept) {
  return ["avif", "webp"].filter((name) => accept.includes(`image/${name}`)).join("-") || "any";
}

async function ask(url, request) {
  const headers = new Headers();
  for (const name of PASSED_ON) {
    if (request.headers.has(name)) headers.set(name, request.headers.get(name));
  }
  const image = await fetch(url, { method: request.method, headers, redirect: "manual" });
  if (image.status >= 300 && image.status < 400 && image.status !== 304) {
    throw new Refusal(502, 9502, "Bad gateway");
  }
  return image;
}

async function signed(text, signingKey) {
  const mac = await crypto.subtle.sign("HMAC", await hmacKey(signingKey, "sign"), encoded(text));
  return Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function hmacKey(secret, usage) {
  return crypto.subtle.importKey("raw", encoded(secret), { name: "HMAC", hash: "SHA-256" }, false, [usage]);
}

const encoded = (text) => new TextEncoder().encode(text);

// ---- the answer ----

/** For the browser; `left` are the seconds that a token is still good for. */
function handedOut(image, left) {
  const response = new Response(image.body, { status: image.status });
  for (const name of HANDED_OUT) {
    if (image.headers.has(name)) response.headers.set(name, image.headers.get(name));
  }
  if (image.status >= 400) response.headers.set("cache-control", "no-store");
  else if (left !== undefined) {
    response.headers.set("cache-control", `private, max-age=${Math.max(0, left)}`);
    response.headers.set("vary", "Accept");
  }
  return guarded(response);
}

/** A stored file never runs as a page of this origin. */
function guarded(response) {
  response.headers.set("x-content-type-options", "nosniff");
  response.headers.set("content-security-policy", "default-src 'none'; sandbox");
  response.headers.set("cross-origin-resource-policy", "cross-origin");
  if (response.headers.get("content-type")?.startsWith("image/svg")) {
    response.headers.set("content-disposition", "attachment");
  }
  return response;
}
