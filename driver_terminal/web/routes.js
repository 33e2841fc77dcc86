/** Routes with their directions and paths, as `GET /v1/routes` gives them. Browser only. */

/**
 * @typedef {{route_id: string, name: string}} RouteItem
 * @typedef {{pattern_id: string, direction_id: 0 | 1 | null, headsign: string, length_m: number,
 *   geometry: {coordinates: [number, number][]}}} PatternItem
 * @typedef {RouteItem & {patterns: PatternItem[]}} RouteDetail
 */

/**
 * @returns {Promise<RouteItem[] | null>} null: not now
 */
export async function fetchRoutes() {
  const answer = /** @type {{routes: RouteItem[]} | null} */ (await get("/v1/routes"));
  return answer === null ? null : answer.routes;
}

/**
 * @param {string} routeId
 * @returns {Promise<RouteDetail | null>} null: not now
 */
export async function fetchRoute(routeId) {
  return /** @type {RouteDetail | null} */ (await get(`/v1/routes/${encodeURIComponent(routeId)}`));
}

/**
 * @param {string} address
 * @returns {Promise<unknown>}
 */
async function get(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
