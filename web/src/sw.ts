// The service worker: the app opens without a connection. It answers for the app's own files and pages, and for nothing else.

/** What the build puts in: a version made of all files, and their paths. */
declare const VERSION: string;
declare const FILES: string[];

const scope = self as unknown as {
  location: Location;
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", hear: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(
    type: "fetch",
    hear: (event: { request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void;
};
const name = `todod-app-${VERSION}`;

/** Fetches all files past the HTTP cache, and takes over once all of them are here. */
async function install(): Promise<void> {
  const cache = await caches.open(name);
  await cache.addAll(FILES.map((path) => new Request(path, { cache: "reload" })));
  await scope.skipWaiting();
}

/** Drops the files of earlier versions: pages that are open have read theirs already. */
async function activate(): Promise<void> {
  for (const other of await caches.keys()) if (other.startsWith("todod-app-") && other !== name) await caches.delete(other);
  await scope.clients.claim();
}

/** Answers with a file that is kept, else from the network. */
async function answer(path: string, request: Request): Promise<Response> {
  return (await (await caches.open(name)).match(path)) ?? fetch(request);
}

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== scope.location.origin || pathname.startsWith("/app/session")) return;
  if (request.mode === "navigate") event.respondWith(answer("/app/", request));
  else if (FILES.includes(pathname)) event.respondWith(answer(pathname, request));
});

export {};
