/**
 * The service worker of the rider's pages: they open without a network, and show what was known and how old it is.
 *
 * Never stale: pages come from the network whenever there is one. Files come from the copy only while the page that was
 * fetched last was made for exactly this copy (`x-ridebell-shell`); after a deploy the copy is dropped at once, and this
 * worker's next version, whose text has changed because the version stands in it, brings the next.
 */

const VERSION = "ridebell:version";
const COPY = `ridebell-shell-${VERSION}`;
const PAGES = `ridebell-pages-${VERSION}`;
const OFFLINE = "/static/rider/offline.html";
/** Pages kept for reading offline; the oldest goes first. */
const PAGES_KEPT = 20;
/** A page that takes longer than this comes from the copy, if there is one. */
const PATIENCE_MS = 6_000;
const IS_PAGE = /^\/(s|kiosk)\/|^\/ride$/;
const IS_FILE = /^\/static\/(shared|rider)\//;

const worker = /** @type {any} */ (self);

worker.addEventListener("install", (/** @type {any} */ event) => {
  worker.skipWaiting();
  event.waitUntil(caches.open(COPY).then((copy) => copy.add(new Request(OFFLINE, { cache: "no-cache" }))));
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(dropOthers().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && IS_PAGE.test(url.pathname)) event.respondWith(page(request, url));
  else if (IS_FILE.test(url.pathname)) event.respondWith(file(request, event.clientId));
});

/** A page tells what it is made of once it stands, so that the copy holds that and nothing else. */
worker.addEventListener("message", (/** @type {any} */ event) => {
  const { type, version, files, path } = event.data ?? {};
  if (type === "keep" && version === VERSION) event.waitUntil(keep(files, path));
});

worker.addEventListener("push", (/** @type {any} */ event) => {
  event.waitUntil(told(event.data.json()));
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data.url));
});

/**
 * @param {Request} request
 * @param {URL} url
 * @returns {Promise<Response>}
 */
async function page(request, url) {
  const kept = await (await caches.open(PAGES)).match(url.pathname);
  try {
    const fresh = await fetch(request, kept ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {});
    if (!fresh.ok) return fresh;
    if (fresh.headers.get("x-ridebell-shell") === VERSION) await keepPage(url.pathname, fresh.clone());
    else await retire();
    return fresh;
  } catch {
    return kept ? fromDevice(kept) : ((await caches.match(OFFLINE)) ?? Response.error());
  }
}

/**
 * Only pages whose version was looked at are given files of the copy: drivers' and operators' share some of them.
 *
 * @param {Request} request
 * @param {string} clientId
 * @returns {Promise<Response>}
 */
async function file(request, clientId) {
  const client = clientId ? await worker.clients.get(clientId) : undefined;
  const looked = client !== undefined && IS_PAGE.test(new URL(client.url).pathname);
  return (looked ? await caches.match(request.url, { cacheName: COPY }) : undefined) ?? fetch(request);
}

/**
 * The page that is shown was made for other files than those of the copy: from now on files come from the network.
 */
async function retire() {
  await caches.delete(COPY);
  await caches.delete(PAGES);
  void worker.registration.update().catch(() => undefined);
}

async function dropOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("ridebell-") && name !== COPY && name !== PAGES).map((name) => caches.delete(name)));
}

/**
 * @param {string[]} files
 * @param {string} path
 */
async function keep(files, path) {
  const copy = await caches.open(COPY);
  const addresses = files.filter((address) => IS_FILE.test(new URL(address, worker.location.origin).pathname));
  const missing = [];
  for (const address of addresses) if (!(await copy.match(address))) missing.push(new Request(address, { cache: "no-cache" }));
  await copy.addAll(missing);
  if (!IS_PAGE.test(path) || (await (await caches.open(PAGES)).match(path))) return;
  const fresh = await fetch(path);
  if (fresh.ok && fresh.headers.get("x-ridebell-shell") === VERSION) await keepPage(path, fresh);
}

/**
 * Without the query: a nonce or a token never lies in the copy.
 *
 * @param {string} path
 * @param {Response} response
 */
async function keepPage(path, response) {
  const pages = await caches.open(PAGES);
  await pages.delete(path);
  await pages.put(path, response);
  const all = await pages.keys();
  await Promise.all(all.slice(0, Math.max(0, all.length - PAGES_KEPT)).map((old) => pages.delete(old)));
}

/**
 * The page from the copy, marked so that it tells how old its arrivals are.
 *
 * @param {Response} kept
 */
async function fromDevice(kept) {
  const text = (await kept.text()).replace("<html ", '<html data-from="device" ');
  const headers = new Headers(kept.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  return new Response(text, { status: 200, headers });
}

/**
 * A bell has changed. Who looks at the page just now has read it there.
 *
 * @param {{title: string, body: string, tag: string, url: string, lang: string}} payload  `tag`: a newer word replaces an older
 */
async function told({ title, body, tag, url, lang }) {
  const open = await worker.clients.matchAll({ type: "window" });
  if (open.some((/** @type {any} */ client) => client.visibilityState === "visible" && new URL(client.url).pathname === url)) return;
  const icon = "/static/rider/icons/icon-192.png";
  await worker.registration.showNotification(title, { body, tag, lang, icon, renotify: true, data: { url } });
}

/** @param {string} url */
async function show(url) {
  const open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const here = open.find((/** @type {any} */ client) => new URL(client.url).pathname === url);
  return here ? here.focus() : worker.clients.openWindow(url);
}
