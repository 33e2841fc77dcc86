/** The bus's own positions: what the screen makes of them, and which go to the server. Pure. */

import { observe } from "/static/driver/motion.js";
import { moved } from "/static/driver/progress.js";
import { onPath } from "/static/driver/whereabouts.js";

/** The radio carries one position a second. */
const FIX_EVERY_MS = 950;
const UNSENT_KEPT_MS = 10_000;

/**
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/driver/state.js").Step} Step
 * @typedef {import("/static/driver/motion.js").Position} Position
 */

/**
 * The newest position that was measured without a link is said now, if it still says where the bus is.
 *
 * @param {State} state
 * @returns {Step}
 */
export function caughtUp(state) {
  const { unsent } = state.fixes;
  return unsent === null || state.nowMs - unsent.atMs > UNSENT_KEPT_MS ? { state, effects: [] } : report(state, unsent);
}

/**
 * @param {State} state
 * @param {Position} position
 * @returns {Step}
 */
export function positioned(state, position) {
  const next = {
    ...state,
    gps: /** @type {const} */ ("good"),
    motion: observe(state.motion, position),
    progress: onPath(state, moved(state.progress, position), position),
  };
  if (state.nowMs - state.fixes.sentMs < FIX_EVERY_MS) return { state: next, effects: [] };
  if (!state.link.live) return { state: { ...next, fixes: { ...state.fixes, unsent: position } }, effects: [] };
  return report(next, position);
}

/**
 * @param {State} state
 * @param {Position} position
 * @returns {Step}
 */
function report(state, position) {
  const n = state.fixes.n + 1;
  const { atMs, lat, lon, speedMps, headingDeg, accuracyM } = position;
  const message = {
    type: "fix",
    at_ms: Math.round(atMs),
    lat,
    lon,
    n,
    ...(accuracyM === null ? {} : { accuracy_m: accuracyM }),
    ...(speedMps === null ? {} : { speed_mps: speedMps }),
    ...(headingDeg === null || Number.isNaN(headingDeg) ? {} : { heading_deg: headingDeg }),
  };
  return { state: { ...state, fixes: { sentMs: state.nowMs, n, unsent: null } }, effects: [{ type: "send", message }] };
}
