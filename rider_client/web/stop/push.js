/** Opt-in to hear of one bell while the page is closed: asks browser and server. Loaded with the first card. Browser only. */

import { read, write } from "/static/shared/keeping.js";
import { registered } from "/static/shared/offline.js";

const FOLLOWED = "ridebell.push.1";
/** Bells whose switch this device remembers; a rider has one open at a time. */
const KEPT = 8;

/** @type {string | null} */
let publicKey = null;

/**
 * Whether pushes can be had here: by this browser, and from this server.
 *
 * @returns {Promise<boolean>}
 */
export async function canPush() {
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return false;
  try {
    const answer = await fetch("/v1/push");
    if (!answer.ok) return false;
    publicKey = String((await answer.json()).public_key);
    return true;
  } catch {
    return false;
  }
}

/** @returns {string[]} bells that this device follows */
export function followed() {
  return /** @type {string[]} */ (read(FOLLOWED, []));
}

/**
 * Ask for permission and follow a bell. Must be called from a press: browsers ask only then.
 *
 * @param {string} bellId
 * @param {string} lang
 * @returns {Promise<"on" | "denied" | "off">} off: not now
 */
export async function follow(bellId, lang) {
  if (publicKey === null) return "off";
  if ((await Notification.requestPermission()) !== "granted") return "denied";
  try {
    const { pushManager } = await registered();
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
    const { endpoint, keys } = subscription.toJSON();
    const answer = await call("POST", "/v1/push", { bell_id: bellId, endpoint, keys, lang });
    if (!answer.ok) return "off";
    write(FOLLOWED, [bellId, ...followed().filter((one) => one !== bellId)].slice(0, KEPT));
    return "on";
  } catch {
    return "off";
  }
}

/**
 * @param {string} bellId
 * @returns {Promise<"off" | "on">}
 */
export async function unfollow(bellId) {
  try {
    const answer = await call("DELETE", `/v1/push/${bellId}`);
    if (!answer.ok) return "on";
  } catch {
    return "on";
  }
  write(FOLLOWED, followed().filter((one) => one !== bellId));
  return "off";
}

/**
 * @param {string} method
 * @param {string} address
 * @param {object} [body]
 */
function call(method, address, body) {
  const headers = { "content-type": "application/json" };
  return fetch(address, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
}
