// Serves deploy/worker/worker.js with Node: `node edge_worker.mjs <worker.js> <bindings as JSON>` prints its port.
import http from "node:http";
import { pathToFileURL } from "node:url";

// Cloudflare's cache, as far as the Worker uses it; an entry is as old as the process, so nothing expires.
const kept = new Map();
globalThis.caches = {
  default: {
    async match(key) {
      return kept.get(key)?.clone();
    },
    async put(key, response) {
      if (response.status === 206 || response.headers.get("vary") === "*") throw new TypeError("cannot be kept");
      const { status, headers } = response;
      kept.set(key, new Response(await response.arrayBuffer(), { status, headers }));
    },
  },
};

const [, , file, bindings] = process.argv;
const { default: worker } = await import(pathToFileURL(file));
const server = http.createServer(async (incoming, outgoing) => {
  const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method,
    headers: incoming.headers,
  });
  const pending = [];
  const response = await worker.fetch(request, JSON.parse(bindings), { waitUntil: (work) => pending.push(work) });
  const body = Buffer.from(await response.arrayBuffer());
  await Promise.all(pending); // so that a test may ask again at once
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(incoming.method === "HEAD" ? undefined : body);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
