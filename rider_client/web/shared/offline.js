/** Keeps this page for reading without a network: registers the service worker and tells it what the page is made of. */

/** The page comes first: its own work is done before a copy is made. */
const CALM_MS = 2_000;

/** Once, after the page stands. Does nothing where the server gave the page no version or the browser has no workers. */
export function keepForOffline() {
  const version = document.querySelector("meta[name=ridebell-shell]")?.getAttribute("content");
  if (!version || !("serviceWorker" in navigator)) return;
  setTimeout(() => {
    if (navigator.onLine) void keep(version).catch(() => undefined);
  }, CALM_MS);
}

/** @returns {boolean} whether this page came from the copy on the device, with arrivals of then */
export function isFromDevice() {
  return document.documentElement.dataset["from"] === "device";
}

/** @returns {Promise<ServiceWorkerRegistration>} the service worker's, once it works */
export async function registered() {
  await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
  return navigator.serviceWorker.ready;
}

/** @param {string} version */
async function keep(version) {
  const { active } = await registered();
  const files = performance.getEntriesByType("resource").map(({ name }) => name);
  active?.postMessage({ type: "keep", version, files: [...new Set(files)], path: location.pathname });
}
