/** What stands on the driver's screen, and what he may touch: questions to the state. Pure. */

import { moving, speedMps, standing } from "/static/driver/motion.js";
import { alongM } from "/static/driver/progress.js";

/** With the half-second tick a dead link is said within 5 s (DOMAIN §3.6), so that the driver looks for riders as before. */
export const BELL_OFF_MS = 4_500;
/** Without a place of our own an alert is out of date so long after its expected arrival. */
const UNPLACED_GRACE_MS = 60_000;
/** A driver reacts within this, and brakes at most so hard (DOMAIN §2). */
const REACT_S = 2;
const COMFORT_MPS2 = 1;

/**
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/driver/state.js").Chime} Chime
 * @typedef {import("/static/shared/wire.d.ts").AlertMessage} AlertMessage
 */

/**
 * What stands on the screen: the next stop with bells and a dim chip for the one after; never a stop behind the bus.
 *
 * @param {State} state
 * @returns {{main: AlertMessage | null, after: AlertMessage | null}}
 */
export function screen(state) {
  const ahead = Object.values(state.alerts)
    .filter((alert) => !behind(alert, state))
    .sort((a, b) => a.stop_sequence - b.stop_sequence);
  return { main: ahead[0] ?? null, after: ahead[1] ?? null };
}

/**
 * The alert that has the screen.
 *
 * @param {State} state
 * @returns {AlertMessage | null}
 */
export function main(state) {
  return screen(state).main;
}

/**
 * @param {AlertMessage} alert
 * @param {State} state
 * @returns {boolean}
 */
function behind(alert, state) {
  const along = alongM(state.progress, state.nowMs);
  if (along !== null) return along > alert.valid_until_along_m;
  const ageMs = state.nowMs + state.serverAheadMs - alert.at_ms;
  return ageMs > alert.eta_s * 1000 + UNPLACED_GRACE_MS;
}

/**
 * Was an alert decided before this link began, and is its stop too near by now to stop at without hard braking? News of
 * before is then no news: such an alert is never replayed (DOMAIN §3.6, with the commit point of §2). Where the own
 * place is unknown this cannot be told; an alert then goes out of date.
 *
 * @param {AlertMessage} alert
 * @param {State} state
 * @returns {boolean}
 */
export function tooLate(alert, state) {
  if (state.sounded[alert.alert_id] !== undefined || alert.at_ms >= state.link.sinceServerMs) return false;
  if (alongM(state.progress, state.nowMs) === null) return false;
  const mps = speedMps(state.motion, state.nowMs) ?? (alert.eta_s > 0 ? alert.distance_m / alert.eta_s : 0);
  return metresTo(alert, state) < mps * REACT_S + (mps * mps) / (2 * COMFORT_MPS2);
}

/**
 * Metres to an alert's stop: by our own count, else by what the server said and the time since.
 *
 * @param {AlertMessage} alert
 * @param {State} state
 * @returns {number}
 */
export function metresTo(alert, state) {
  const along = alongM(state.progress, state.nowMs);
  const stop = state.trip?.stops.find((one) => one.stop_sequence === alert.stop_sequence);
  if (along !== null && stop !== undefined) return Math.max(0, stop.along_m - along);
  const gone = alert.eta_s <= 0 ? 1 : (state.nowMs + state.serverAheadMs - alert.at_ms) / 1000 / alert.eta_s;
  return alert.distance_m * (1 - Math.min(1, Math.max(0, gone)));
}

/**
 * The name of the next stop of the trip, where our own place is known.
 *
 * @param {State} state
 * @returns {string | null}
 */
export function nextStopName(state) {
  const along = alongM(state.progress, state.nowMs);
  if (along === null) return null;
  return state.trip?.stops.find((stop) => stop.along_m > along)?.name ?? null;
}

/**
 * The route whose directions or path the screen still lacks.
 *
 * @param {State} state
 * @returns {string | null}
 */
export function routeWanted(state) {
  const routeId = state.trip === null || state.choosing ? state.chosenRoute : state.trip.route_id;
  return routeId === "" || state.detail?.route_id === routeId ? null : routeId;
}

/**
 * @param {State} state
 * @returns {boolean}
 */
export function bellOff(state) {
  return state.door === "superseded" || (!state.link.live && state.nowMs - state.link.heardMs > BELL_OFF_MS);
}

/**
 * Only a bus that is known to stand may be touched.
 *
 * @param {State} state
 * @returns {boolean}
 */
export function mayTouch(state) {
  return standing(state.motion, state.nowMs);
}

/**
 * Forms are there unless the bus is known to move: a terminal without a receiver must start somehow.
 *
 * @param {State} state
 * @returns {boolean}
 */
export function mayType(state) {
  return !moving(state.motion, state.nowMs);
}

/**
 * @param {State} state
 * @returns {boolean}
 */
export function maySignOn(state) {
  return state.tripKnown && state.trip === null && mayType(state);
}

/**
 * @param {AlertMessage} alert
 * @returns {Chime}
 */
export function chimeOf(alert) {
  if (alert.needs.length > 0) return "need";
  return alert.boarding > 0 ? "boarding" : "alighting";
}
