/** How fast the bus goes, and whether it stands. An answer button never appears on a doubt. Pure. */

import { metresBetween } from "/static/driver/progress.js";

/** Below 3 km/h the driver may touch the screen (Road Traffic Act art. 49: no operation while driving). */
export const STANDING_MPS = 3 / 3.6;
/** A speed older than this says nothing about now. */
const SPEED_FRESH_MS = 5_000;
/** Own positions over this span give a speed where the receiver gives none. */
const SPAN_MS = 4_000;
const SHORTEST_MS = 900;
/** The bus has begun to slow when it lost a fifth of its recent speed, or creeps. */
const SLOWING_SHARE = 0.8;
const CREEPING_MPS = 3;
const RECENT_MS = 15_000;

/**
 * @typedef {{atMs: number, lat: number, lon: number, speedMps: number | null, headingDeg: number | null, accuracyM: number | null}} Position
 * @typedef {{recent: {atMs: number, lat: number, lon: number, mps: number | null}[]}} Motion
 */

/** @type {Motion} */
export const NO_MOTION = { recent: [] };

/**
 * @param {Motion} motion
 * @param {Position} position
 * @returns {Motion}
 */
export function observe(motion, { atMs, lat, lon, speedMps }) {
  const recent = motion.recent.filter((one) => one.atMs < atMs && atMs - one.atMs <= RECENT_MS);
  const mps = speedMps ?? ownSpeed(recent, { atMs, lat, lon });
  return { recent: [...recent, { atMs, lat, lon, mps }] };
}

/**
 * @param {Motion["recent"]} recent
 * @param {{atMs: number, lat: number, lon: number}} here
 * @returns {number | null}
 */
function ownSpeed(recent, here) {
  const from = recent.find((one) => here.atMs - one.atMs <= SPAN_MS && here.atMs - one.atMs >= SHORTEST_MS);
  return from === undefined ? null : (metresBetween(from, here) / (here.atMs - from.atMs)) * 1000;
}

/**
 * @param {Motion} motion
 * @param {number} nowMs
 * @returns {number | null}
 */
export function speedMps(motion, nowMs) {
  const last = motion.recent.at(-1);
  return last === undefined || nowMs - last.atMs > SPEED_FRESH_MS ? null : last.mps;
}

/**
 * @param {Motion} motion
 * @param {number} nowMs
 * @returns {boolean}
 */
export function standing(motion, nowMs) {
  const mps = speedMps(motion, nowMs);
  return mps !== null && mps < STANDING_MPS;
}

/**
 * @param {Motion} motion
 * @param {number} nowMs
 * @returns {boolean} false when unknown
 */
export function moving(motion, nowMs) {
  const mps = speedMps(motion, nowMs);
  return mps !== null && mps >= STANDING_MPS;
}

/**
 * @param {Motion} motion
 * @param {number} nowMs
 * @returns {boolean} false when unknown: the second sound then comes
 */
export function slowing(motion, nowMs) {
  const mps = speedMps(motion, nowMs);
  if (mps === null) return false;
  const fastest = Math.max(...motion.recent.map((one) => one.mps ?? 0));
  return mps < CREEPING_MPS || mps < fastest * SLOWING_SHARE;
}
