/** Where the bus is on its trip: by its own position on the drawn path, by what the server says, by stops it left behind. Pure. */

import { pathOf, placeOn } from "/static/driver/path.js";
import { alongM, placed, told } from "/static/driver/progress.js";

/**
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/shared/wire.d.ts").AlertMessage} AlertMessage
 */

/**
 * The path of the trip, once its route is here.
 *
 * @param {State} state
 * @returns {State}
 */
export function pathTaken(state) {
  const patternId = state.trip?.pattern_id;
  const pattern = state.detail?.patterns.find((one) => one.pattern_id === patternId);
  if (pattern === undefined || state.tripPath?.patternId === patternId) return state;
  const path = pathOf(pattern.geometry.coordinates, pattern.length_m);
  const drawnState = { ...state, tripPath: { patternId: pattern.pattern_id, path } };
  const { latest } = state.progress;
  return latest === null ? drawnState : { ...drawnState, progress: onPath(drawnState, state.progress, latest) };
}

/**
 * Learn from an alert where the bus was when it was decided, unless we know our own place on the path.
 *
 * @param {State} state
 * @param {AlertMessage} alert
 * @returns {State}
 */
export function placedBy(state, alert) {
  const stop = state.trip?.stops.find((one) => one.stop_sequence === alert.stop_sequence);
  const known = state.tripPath?.path && alongM(state.progress, state.nowMs) !== null;
  if (stop === undefined || known) return state;
  const ageMs = state.nowMs + state.serverAheadMs - alert.at_ms;
  return { ...state, progress: told(state.progress, { stopAlongM: stop.along_m, distanceM: alert.distance_m, ageMs }) };
}

/**
 * @param {State} state
 * @param {import("/static/driver/progress.js").Progress} progress
 * @param {{lat: number, lon: number}} position
 */
export function onPath(state, progress, position) {
  const path = state.tripPath?.path;
  const here = path ? placeOn(path, position, alongM(state.progress, state.nowMs)) : null;
  return here === null ? progress : placed(progress, here);
}

/**
 * The server saw the bus at a stop, or past it: it is at least there.
 *
 * @param {State} state
 * @param {number} sequence
 * @returns {State}
 */
export function leftBehind(state, sequence) {
  const stop = state.trip?.stops.find((one) => one.stop_sequence === sequence);
  const along = alongM(state.progress, state.nowMs);
  if (stop === undefined || state.progress.latest === null || (along !== null && along >= stop.along_m)) return state;
  return { ...state, progress: placed(state.progress, stop.along_m) };
}
