/** How far along its trip this bus is, by its own knowledge: enough to say "that stop is behind us". Pure.
 *
 * The bus counts the metres it travelled and ties them to the trip by its place on the drawn path (path.js), or, where
 * that says nothing, whenever the server says how far it stands before a stop. The count errs on the short side (noise
 * is not counted, corners are cut), so a stop is rather still ahead. The same rules as driver_terminal/progress.py.
 */

/** Moves shorter than this are taken for the noise of a standing receiver (urban receivers wander by 5–15 m). */
const STILL_M = 15;
/** A move faster than this (162 km/h) is a jump of the receiver, not of the bus. */
const FASTEST_MPS = 45;
const JUMP_MARGIN_M = 50;
/** A position is carried forward by its own speed for at most so long. */
const AHEAD_S = 3;
/** An alert decided longer ago than this does not say where the bus is now. */
const TOLD_FRESH_MS = 5_000;
const EARTH_M = 6_371_000;

/**
 * @typedef {{atMs: number, lat: number, lon: number, speedMps: number | null}} Place
 * @typedef {{travelledM: number, counted: Place | null, latest: Place | null, anchor: {alongM: number, travelledM: number} | null}} Progress
 */

/** @type {Progress} */
export const UNKNOWN = { travelledM: 0, counted: null, latest: null, anchor: null };

/**
 * @param {Progress} progress
 * @param {Place} place
 * @returns {Progress}
 */
export function moved(progress, place) {
  const { counted } = progress;
  if (counted === null || place.atMs < counted.atMs) return { ...progress, counted: place, latest: place };
  const stepM = metresBetween(counted, place);
  if (stepM < STILL_M) return { ...progress, latest: place };
  const possibleM = JUMP_MARGIN_M + (FASTEST_MPS * (place.atMs - counted.atMs)) / 1000;
  const travelledM = progress.travelledM + (stepM <= possibleM ? stepM : 0);
  return { ...progress, travelledM, counted: place, latest: place };
}

/**
 * The server placed the bus `distanceM` before a stop, `ageMs` ago.
 *
 * @param {Progress} progress
 * @param {{stopAlongM: number, distanceM: number, ageMs: number}} told
 * @returns {Progress}
 */
export function told(progress, { stopAlongM, distanceM, ageMs }) {
  if (ageMs > TOLD_FRESH_MS) return progress;
  return { ...progress, anchor: { alongM: stopAlongM - distanceM, travelledM: progress.travelledM } };
}

/**
 * The bus is known to be here: by its own position on the drawn path, or because a stop is behind it.
 *
 * @param {Progress} progress
 * @param {number} alongHereM
 * @returns {Progress}
 */
export function placed(progress, alongHereM) {
  return { ...progress, counted: progress.latest, anchor: { alongM: alongHereM, travelledM: progress.travelledM } };
}

/**
 * @param {Progress} progress
 * @param {number} nowMs
 * @returns {number | null} metres along the trip; null while unknown or without positions of our own
 */
export function alongM(progress, nowMs) {
  const { anchor, latest } = progress;
  if (anchor === null || latest === null) return null;
  const sinceM = progress.counted === null ? 0 : metresBetween(progress.counted, latest);
  const uncountedM = sinceM < STILL_M ? 0 : sinceM;
  const carriedM = (latest.speedMps ?? 0) * Math.min(AHEAD_S, Math.max(0, (nowMs - latest.atMs) / 1000));
  return anchor.alongM + progress.travelledM - anchor.travelledM + uncountedM + carriedM;
}

/**
 * Metres between two positions a short way apart (equirectangular; error far below GPS noise under 10 km).
 *
 * @param {{lat: number, lon: number}} a
 * @param {{lat: number, lon: number}} b
 * @returns {number}
 */
export function metresBetween(a, b) {
  const rad = Math.PI / 180;
  const x = (b.lon - a.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  const y = (b.lat - a.lat) * rad;
  return EARTH_M * Math.hypot(x, y);
}
