/** The kiosk's way to the server: plain HTTP, as a button box does it. An answer becomes an event; silence becomes nothing. */

const PATIENCE_MS = 8_000;

/**
 * @typedef {import("/static/rider/kiosk/state.js").Event} Event
 * @typedef {import("/static/shared/wire.d.ts").RingRequest} RingRequest
 * @typedef {import("/static/shared/words.js").Lang} Lang
 */

/**
 * @param {RingRequest} request
 * @param {Lang} lang  in which a no is worded
 * @returns {Promise<Event | null>} null: nobody knows; the same ring may be sent again
 */
export function ring(request, lang) {
  return call("POST", "/v1/bells", request.bell_id, lang, request);
}

/**
 * @param {string} bellId
 * @param {Lang} lang
 */
export function ask(bellId, lang) {
  return call("GET", `/v1/bells/${bellId}`, bellId, lang);
}

/**
 * @param {string} bellId
 * @param {Lang} lang
 */
export function takeBack(bellId, lang) {
  return call("DELETE", `/v1/bells/${bellId}`, bellId, lang);
}

/**
 * Enrol this tablet: the token goes into a cookie that no script can read.
 *
 * @param {string} token
 * @param {string} stopId where this page says to stand
 * @returns {Promise<boolean | null>} null: nobody answered, try again later
 */
export async function enrol(token, stopId) {
  try {
    const answer = await fetch("/v1/session", options("POST", "ko", { token }));
    if (!answer.ok) return answer.status >= 500 ? null : false;
    const { role, stop_id: at } = await answer.json();
    return role === "kiosk" && at === stopId;
  } catch {
    return null;
  }
}

/**
 * @param {string} method
 * @param {string} address
 * @param {string} bellId
 * @param {Lang} lang
 * @param {RingRequest} [body]
 * @returns {Promise<Event | null>}
 */
async function call(method, address, bellId, lang, body) {
  try {
    const answer = await fetch(address, options(method, lang, body));
    if (answer.status === 401) return { type: "enrolled", yes: false };
    const said = await answer.json();
    if (answer.ok) return { type: "told", bellId, message: said };
    return answer.status >= 500 || method !== "POST" ? null : { type: "refused", bellId, text: String(said.detail) };
  } catch {
    return null;
  }
}

/**
 * @param {string} method
 * @param {Lang} lang
 * @param {object} [body]
 * @returns {RequestInit}
 */
function options(method, lang, body) {
  const headers = { "content-type": "application/json", "accept-language": lang };
  return { method, headers, signal: AbortSignal.timeout(PATIENCE_MS), ...(body ? { body: JSON.stringify(body) } : {}) };
}
