/** The ridden part of a route, for the map on a receipt: from where one got on to where one got off. Pure. */

import { inLang } from "/static/rider/ride/finder.js";

/** Metres of one degree of latitude; a receipt's map needs no ellipsoid. */
const METRES_PER_DEGREE = 111_195;

/**
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 * @typedef {import("/static/rider/ride/fix.js").WayStop & {lat: number, lon: number, along_m: number}} PlacedStop
 * @typedef {{stops: PlacedStop[], length_m: number, geometry: {coordinates: [number, number][]}}} Pattern
 * @typedef {{name: string, x: number, y: number}} Mark
 * @typedef {{line: [number, number][], stops: Mark[], width: number, height: number}} Ridden
 *   metres to the right and down of the north-west corner; `stops` from where one got on to where one got off
 */

/**
 * @param {Pattern[]} patterns of the ride's route
 * @param {RideMessage} ride
 * @param {string} lang
 * @returns {Ridden | null} null while one end of the ride is not known
 */
export function ridden(patterns, ride, lang) {
  for (const pattern of patterns) {
    const from = pattern.stops.findIndex((stop) => stop.stop_id === ride.board_stop_id && stop.stop_sequence === ride.board_stop_sequence);
    const to = pattern.stops.findIndex((stop) => stop.stop_id === ride.alight_stop_id && stop.stop_sequence === ride.alight_stop_sequence);
    if (from < 0 || to <= from) continue;
    const stops = pattern.stops.slice(from, to + 1);
    const line = cut(pattern, /** @type {PlacedStop} */ (stops[0]).along_m, /** @type {PlacedStop} */ (stops.at(-1)).along_m);
    return drawn(line, stops, lang);
  }
  return null;
}

/**
 * The path between two distances along it.
 *
 * @param {Pattern} pattern
 * @param {number} fromM
 * @param {number} toM
 * @returns {[number, number][]} longitude, latitude
 */
function cut({ geometry, length_m: lengthM }, fromM, toM) {
  const { coordinates } = geometry;
  /** @type {number[]} */
  const along = [0];
  coordinates.forEach((point, index) => {
    const before = coordinates[index - 1];
    if (before !== undefined) along.push(/** @type {number} */ (along.at(-1)) + metres(before, point));
  });
  const scale = lengthM / (along.at(-1) || 1);
  const at = along.map((one) => one * scale);
  return [between(coordinates, at, fromM), ...coordinates.filter((_, index) => fromM < Number(at[index]) && Number(at[index]) < toM), between(coordinates, at, toM)];
}

/**
 * @param {[number, number][]} points
 * @param {number[]} at how far along each is
 * @param {number} wantedM
 * @returns {[number, number]}
 */
function between(points, at, wantedM) {
  const next = Math.max(1, at.findIndex((one) => one >= wantedM));
  const a = /** @type {[number, number]} */ (points[next - 1]);
  const b = points[next] ?? a;
  const [fromM, toM] = [Number(at[next - 1]), Number(at[next])];
  const share = toM > fromM ? Math.min(1, Math.max(0, (wantedM - fromM) / (toM - fromM))) : 0;
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}

/**
 * @param {[number, number]} a
 * @param {[number, number]} b
 */
function metres([lonA, latA], [lonB, latB]) {
  const east = (lonB - lonA) * Math.cos((latA * Math.PI) / 180);
  return Math.hypot(east, latB - latA) * METRES_PER_DEGREE;
}

/**
 * @param {[number, number][]} line
 * @param {PlacedStop[]} stops
 * @param {string} lang
 * @returns {Ridden}
 */
function drawn(line, stops, lang) {
  const points = [...line, ...stops.map(({ lon, lat }) => /** @type {[number, number]} */ ([lon, lat]))];
  const west = Math.min(...points.map(([lon]) => lon));
  const north = Math.max(...points.map(([, lat]) => lat));
  const narrow = Math.cos((north * Math.PI) / 180);
  /** @type {(lon: number, lat: number) => [number, number]} */
  const placed = (lon, lat) => [Math.round((lon - west) * narrow * METRES_PER_DEGREE), Math.round((north - lat) * METRES_PER_DEGREE)];
  const all = points.map(([lon, lat]) => placed(lon, lat));
  return {
    line: line.map(([lon, lat]) => placed(lon, lat)),
    stops: stops.map((stop) => {
      const [x, y] = placed(stop.lon, stop.lat);
      return { name: inLang(stop.name, stop.names, lang), x, y };
    }),
    width: Math.max(...all.map(([x]) => x)),
    height: Math.max(...all.map(([, y]) => y)),
  };
}
