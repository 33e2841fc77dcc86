/** What the server wrote into the page: the stop, its routes, and the board at that moment. */

/**
 * @typedef {import("/static/rider/stop/state.js").Stop} Stop
 * @typedef {import("/static/shared/wire.d.ts").Arrivals} Arrivals
 */

/** @returns {{stop: Stop, arrivals: Arrivals | null, routeNames: Record<string, string>, enrolled: boolean}} */
export function readBoot() {
  const boot = JSON.parse(document.getElementById("boot")?.textContent || "{}");
  return {
    stop: {
      stop_id: String(boot.stop_id ?? decodeURIComponent(location.pathname.split("/").pop() ?? "")),
      name: String(boot.stop_name ?? ""),
      code: String(boot.stop_code ?? ""),
      towards: String(boot.towards ?? ""),
    },
    arrivals: boot.arrivals ?? null,
    routeNames: boot.route_names ?? {},
    enrolled: boot.enrolled === true,
  };
}
