/** The runs a driver may choose from: routes with their directions, as `GET /v1/routes` gives them. Browser only. */

/**
 * @param {string} lang
 * @returns {Promise<import("/static/driver/state.js").RouteChoice[] | null>} null: not now
 */
export async function fetchRoutes(lang) {
  try {
    const answer = await fetch("/v1/routes", { headers: { "accept-language": lang } });
    if (!answer.ok) return null;
    return (await answer.json()).routes;
  } catch {
    return null;
  }
}
