/** Web Mercator: degrees to a square world of side 1, whose north-west corner is (0, 0). Pure. */

const EARTH_M = 6_378_137;

/**
 * @param {number} lon degrees
 * @returns {number}
 */
export function worldX(lon) {
  return lon / 360 + 0.5;
}

/**
 * @param {number} lat degrees
 * @returns {number}
 */
export function worldY(lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

/**
 * @param {number} x
 * @returns {number} degrees
 */
export function longitude(x) {
  return (x - 0.5) * 360;
}

/**
 * @param {number} y
 * @returns {number} degrees
 */
export function latitude(y) {
  return 90 - (360 * Math.atan(Math.exp((y - 0.5) * 2 * Math.PI))) / Math.PI;
}

/**
 * Metres that the world's side is long at a place: Mercator stretches with the latitude.
 *
 * @param {number} y
 * @returns {number}
 */
export function metresAcross(y) {
  return 2 * Math.PI * EARTH_M * Math.cos((latitude(y) * Math.PI) / 180);
}
