/** What the rider app asks over HTTP: stops, buses, the map, rides, companions, reports. Answers are values, never exceptions. */

const PATIENCE_MS = 8_000;

/**
 * @typedef {{stop_id: string, code: string, name: string, names: Record<string, string>, towards: string,
 *   towards_names: Record<string, string>, lat: number, lon: number, distance_m: number | null}} StopItem
 * @typedef {{vehicle_id: string, plate: string, route_id: string | null, route_name: string | null,
 *   direction_id: number | null, headsign: string, trip_id: string | null, low_floor: boolean | null, lat: number,
 *   lon: number, heading_deg: number | null, next_stop_id: string | null, next_stop_name: string | null,
 *   next_stop_names: Record<string, string>, stale: boolean, age_s: number, distance_m: number | null}} BusItem
 * @typedef {{stop_id: string, stop_sequence: number, name: string, names: Record<string, string>, along_m: number,
 *   alighting: boolean}} RunStop
 * @typedef {BusItem & {stops: RunStop[]}} BusRun
 * @typedef {{geometry: {type: string, coordinates: any}, properties: {kind: string, stop_id?: string, name?: string,
 *   pattern_id?: string, route_name?: string}}} Feature
 * @typedef {{lat: number, lon: number}} Place
 */

/**
 * @template T
 * @typedef {{ok: true, body: T} | {ok: false, status: number, detail: string}} Answer  `status` 0: no answer came
 */

/**
 * @template T
 * @param {string} path
 * @param {{method?: string, body?: unknown, token?: string, lang?: string}} [how]
 * @returns {Promise<Answer<T>>}
 */
export async function ask(path, { method = "GET", body, token, lang } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (lang !== undefined) headers["accept-language"] = lang;
  try {
    const text = body === undefined ? null : JSON.stringify(body);
    const answer = await fetch(path, { method, headers, body: text, signal: AbortSignal.timeout(PATIENCE_MS) });
    const read = answer.status === 204 ? null : await answer.json();
    if (answer.ok) return { ok: true, body: /** @type {T} */ (read) };
    return { ok: false, status: answer.status, detail: String(read?.detail ?? "") };
  } catch {
    return { ok: false, status: 0, detail: "" };
  }
}

/**
 * @param {Place} place
 * @param {number} radiusM
 */
function around({ lat, lon }, radiusM) {
  return `lat=${lat.toFixed(6)}&lon=${lon.toFixed(6)}&radius_m=${Math.round(radiusM)}`;
}

/**
 * @param {string} text
 * @returns {Promise<Answer<{stops: StopItem[]}>>}
 */
export function stopsBy(text) {
  return ask(`/v1/stops?limit=20&q=${encodeURIComponent(text)}`);
}

/**
 * @param {Place} place
 * @param {number} radiusM
 * @returns {Promise<Answer<{stops: StopItem[]}>>}
 */
export function stopsNear(place, radiusM) {
  return ask(`/v1/stops?limit=50&${around(place, radiusM)}`);
}

/**
 * @param {Place} place
 * @param {number} radiusM
 * @returns {Promise<Answer<{at_ms: number, buses: BusItem[]}>>}
 */
export function busesNear(place, radiusM) {
  return ask(`/v1/vehicles?${around(place, radiusM)}`);
}

/**
 * @param {Place} place
 * @param {number} radiusM
 * @returns {Promise<Answer<{features: Feature[]}>>}
 */
export function mapAround(place, radiusM) {
  return ask(`/v1/network.geojson?${around(place, radiusM)}`);
}

/**
 * @param {string} vehicleId
 * @returns {Promise<Answer<BusRun>>}
 */
export function runOf(vehicleId) {
  return ask(`/v1/vehicles/${encodeURIComponent(vehicleId)}`);
}

/**
 * @param {string} stopId
 * @returns {Promise<Answer<StopItem>>}
 */
export function stopBy(stopId) {
  return ask(`/v1/stops/${encodeURIComponent(stopId)}`);
}

/**
 * @param {string} routeId
 * @returns {Promise<Answer<{patterns: import("/static/rider/ride/ridden.js").Pattern[]}>>}
 */
export function routeBy(routeId) {
  return ask(`/v1/routes/${encodeURIComponent(routeId)}`);
}

/** @returns {Promise<Answer<{rides: import("/static/shared/wire.d.ts").RideMessage[]}>>} */
export function pastRides() {
  return ask("/v1/rides?limit=50");
}

/**
 * @param {string} bellId
 * @param {string} lang
 * @returns {Promise<Answer<import("/static/rider/ride/sheets.js").Report>>}
 */
export function reportOf(bellId, lang) {
  return ask(`/v1/bells/${encodeURIComponent(bellId)}/report`, { lang });
}

/**
 * @param {string} bellId
 * @param {number} attempt
 * @param {string} lang
 * @returns {Promise<Answer<import("/static/rider/ride/sheets.js").Report>>}
 */
export function sendReport(bellId, attempt, lang) {
  return ask(`/v1/bells/${encodeURIComponent(bellId)}/report`, { method: "POST", body: { attempt }, lang });
}

/**
 * @param {string} rideId
 * @returns {Promise<Answer<import("/static/rider/ride/sheets.js").Link>>}
 */
export function makeLink(rideId) {
  return ask("/v1/companions", { method: "POST", body: { ride_id: rideId } });
}

/**
 * @param {string} linkId
 * @returns {Promise<Answer<null>>}
 */
export function revokeLink(linkId) {
  return ask(`/v1/companions/${encodeURIComponent(linkId)}`, { method: "DELETE" });
}

/**
 * @param {string} link
 * @returns {Promise<Answer<import("/static/rider/ride/sheets.js").Companion>>}
 */
export function companionOf(link) {
  return ask("/v1/companion", { token: link });
}

/**
 * @param {string} rideId
 * @returns {Promise<Answer<import("/static/rider/ride/pass.js").Code>>}
 */
export function inspectionCode(rideId) {
  return ask(`/v1/rides/${encodeURIComponent(rideId)}/inspection-code`);
}
