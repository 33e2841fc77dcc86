/** A quiet map, drawn as SVG in metres around a place. Its stops are those of the list, so readers of the screen skip it. Pure. */

import { h } from "/static/shared/dom.js";

/**
 * @typedef {import("/static/rider/ride/api.js").Feature} Feature
 * @typedef {import("/static/rider/ride/api.js").BusItem} BusItem
 * @typedef {import("/static/rider/ride/api.js").StopItem} StopItem
 * @typedef {import("/static/rider/ride/finder.js").Finder} Finder
 * @typedef {import("/static/rider/ride/finder.js").Here} Here
 */

/** Mean radius of the earth; a map of a kilometre needs no ellipsoid. */
const METRES_PER_DEGREE = 111_195;

/**
 * @param {Here} here
 * @param {number} lon
 * @param {number} lat
 * @returns {[number, number]} metres to the right and down
 */
export function placed(here, lon, lat) {
  const east = (lon - here.lon) * METRES_PER_DEGREE * Math.cos((here.lat * Math.PI) / 180);
  return [round(east), round((here.lat - lat) * METRES_PER_DEGREE)];
}

/** @param {number} metres */
function round(metres) {
  return Math.round(metres * 10) / 10;
}

/**
 * @param {Finder} finder
 * @param {{stop_id: string, name: string}} open the stop whose board is open
 */
export function map(finder, open) {
  const { here, radiusM, features, buses, near } = finder;
  if (here === null) return null;
  const lines = features.filter((one) => one.properties.kind === "pattern");
  const favourites = new Set(finder.favourites.map((one) => one.stop_id));
  const size = radiusM / 24;
  return h(
    "svg",
    { class: "map", viewBox: `${-radiusM} ${-radiusM * 0.75} ${radiusM * 2} ${radiusM * 1.5}`, preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true", focusable: "false" },
    h("g", { class: "map-lines" }, lines.map((one) => h("path", { key: one.properties.pattern_id, d: pathOf(one, here) }))),
    h("circle", { class: "map-about", r: Math.min(here.accuracy_m, radiusM) }),
    (near ?? []).map((one) => stopMark(one, here, size, open, favourites)),
    buses.map((bus) => busMark(bus, here, size)),
    h("circle", { class: "map-here", r: size * 0.8 }),
  );
}

/**
 * @param {Feature} feature
 * @param {Here} here
 * @returns {string}
 */
export function pathOf({ geometry }, here) {
  const parts = /** @type {[number, number][][]} */ (geometry.type === "LineString" ? [geometry.coordinates] : geometry.coordinates);
  return parts.map((part) => `M${part.map(([lon, lat]) => placed(here, lon, lat).join(" ")).join("L")}`).join("");
}

/**
 * @param {StopItem} stop
 * @param {Here} here
 * @param {number} size
 * @param {{stop_id: string, name: string}} open
 * @param {Set<string>} favourites
 */
function stopMark({ stop_id: id, lat, lon }, here, size, open, favourites) {
  const [x, y] = placed(here, lon, lat);
  const kind = ["map-stop", id === open.stop_id ? "map-open" : "", favourites.has(id) ? "map-favourite" : ""].join(" ").trim();
  return h(
    "g",
    { key: `stop ${id}`, class: kind, transform: `translate(${x} ${y})`, "data-act": "open", "data-stop": id },
    h("circle", { class: "map-target", r: size * 2.4 }),
    h("circle", { class: "map-pole", r: size * (id === open.stop_id ? 0.9 : 0.6) }),
    id === open.stop_id ? h("text", { y: -size * 1.4, "font-size": size * 1.5 }, open.name) : null,
  );
}

/**
 * An arrow that points where the bus goes, with its number beside it.
 *
 * @param {BusItem} bus
 * @param {Here} here
 * @param {number} size
 */
function busMark(bus, here, size) {
  const [x, y] = placed(here, bus.lon, bus.lat);
  const turned = bus.heading_deg === null ? "" : ` rotate(${Math.round(bus.heading_deg)})`;
  const name = bus.route_name ?? "";
  const shape = bus.heading_deg === null ? `M${-size} ${-size}H${size}V${size}H${-size}Z` : `M0 ${-size * 1.5}L${size} ${size}L0 ${size * 0.5}L${-size} ${size}Z`;
  return h(
    "g",
    { key: `bus ${bus.vehicle_id}`, class: bus.stale ? "map-bus map-stale" : "map-bus", transform: `translate(${x} ${y})` },
    h("path", { d: shape, transform: turned.trim() || null }),
    h("text", { x: size * 1.6, y: size * 0.6, "font-size": size * 1.6 }, name),
  );
}
