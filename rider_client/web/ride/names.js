/** What a stop is called, by whatever part of the app has heard of it. Pure. */

import { listed } from "/static/rider/ride/finder.js";

/**
 * @param {import("/static/rider/ride/state.js").State} state
 * @param {string} stopId
 * @returns {string} empty while nobody has told
 */
export function stopName({ at, finder }, stopId) {
  if (at.stop.stop_id === stopId) return at.stop.name;
  return finder.names[stopId] ?? listed(finder).find((one) => one.stop_id === stopId)?.name ?? "";
}
