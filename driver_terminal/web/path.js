/** Where a position lies along the trip's drawn path, or that it cannot be told. Pure.
 *
 * Metres are those of the server's path, so that they compare with `along_m` and `valid_until_along_m`. A place is only
 * given when one stretch of the path is clearly the nearest: both passes of a loop, or the two directions of a street
 * driven out and back, are told apart by where the bus was before, else not at all.
 */

/** Farther off the path than this the bus is not on it. */
const OFF_M = 60;
/** Two stretches this far apart along the path are two answers, not one. */
const APART_M = 150;
/** A bus that was placed before is looked for from a little behind to a little ahead of there. */
const BEHIND_M = 60;
const AHEAD_M = 400;
const EARTH_M = 6_371_000;
const RAD = Math.PI / 180;

/**
 * @typedef {{x: number[], y: number[], along: number[], lat0: number, lon0: number}} Path
 */

/**
 * @param {[number, number][]} coordinates longitude and latitude, as GeoJSON has them
 * @param {number} lengthM
 * @returns {Path | null} null for less than two different points
 */
export function pathOf(coordinates, lengthM) {
  const first = coordinates[0];
  if (first === undefined) return null;
  const [lon0, lat0] = first;
  const x = coordinates.map(([lon]) => (lon - lon0) * RAD * EARTH_M * Math.cos(lat0 * RAD));
  const y = coordinates.map(([, lat]) => (lat - lat0) * RAD * EARTH_M);
  const along = [0];
  for (let i = 1; i < x.length; i++) along.push(num(along, i - 1) + Math.hypot(num(x, i) - num(x, i - 1), num(y, i) - num(y, i - 1)));
  const total = num(along, along.length - 1);
  if (total === 0) return null;
  return { x, y, along: along.map((metres) => (metres * lengthM) / total), lat0, lon0 };
}

/**
 * @param {Path} path
 * @param {{lat: number, lon: number}} place
 * @param {number | null} beforeM where the bus was, in metres along the path
 * @returns {number | null} metres along the path
 */
export function placeOn(path, { lat, lon }, beforeM) {
  const px = (lon - path.lon0) * RAD * EARTH_M * Math.cos(path.lat0 * RAD);
  const py = (lat - path.lat0) * RAD * EARTH_M;
  /** @type {{off: number, along: number}[]} */
  const near = [];
  for (let i = 1; i < path.x.length; i++) {
    const found = onSegment(path, i, px, py);
    if (found.off <= OFF_M) near.push(found);
  }
  const within = beforeM === null ? near : near.filter(({ along }) => along > beforeM - BEHIND_M && along < beforeM + AHEAD_M);
  const pool = within.length > 0 ? within : near;
  const best = pool.reduce((a, b) => (b.off < a.off ? b : a), { off: Infinity, along: 0 });
  if (best.off === Infinity) return null;
  const sure = within.length > 0 && beforeM !== null;
  return sure || near.every(({ along }) => Math.abs(along - best.along) < APART_M) ? best.along : null;
}

/**
 * @param {Path} path
 * @param {number} i the segment's end
 * @param {number} px
 * @param {number} py
 */
function onSegment(path, i, px, py) {
  const [ax, ay] = [num(path.x, i - 1), num(path.y, i - 1)];
  const [dx, dy] = [num(path.x, i) - ax, num(path.y, i) - ay];
  const square = dx * dx + dy * dy;
  const share = square === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / square));
  const off = Math.hypot(px - ax - share * dx, py - ay - share * dy);
  return { off, along: num(path.along, i - 1) + share * (num(path.along, i) - num(path.along, i - 1)) };
}

/**
 * @param {number[]} list
 * @param {number} index within the list
 * @returns {number}
 */
function num(list, index) {
  return /** @type {number} */ (list[index]);
}
