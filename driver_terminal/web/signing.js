/** Signing on and off: what the driver says his bus runs. Pure. */

import { question } from "/static/driver/asking.js";
import { maySignOn, mayTouch } from "/static/driver/screen.js";

/**
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/driver/state.js").Step} Step
 * @typedef {{trip_id: string, start_date?: string} | {route_id: string, direction_id: 0 | 1 | null}} Choice
 */

/**
 * Sign on: a bus without a run, or one whose driver stands and was asked.
 *
 * @param {State} state
 * @param {Choice} choice
 * @returns {Step}
 */
export function signOn(state, choice) {
  const changing = mayTouch(state) && (state.choosing || question(state) !== null);
  if (!(maySignOn(state) || changing) || !state.link.live) return { state, effects: [] };
  return {
    state: { ...state, signingOn: true, choosing: false, proposal: null, note: null },
    effects: [{ type: "send", message: { type: "sign_on", ref: "sign-on", ...choice } }, { type: "self test" }],
  };
}

/**
 * "Yes" to the run that the screen asks about.
 *
 * @param {State} state
 * @returns {Step}
 */
export function confirmed(state) {
  const run = question(state);
  return run === null ? { state, effects: [] } : signOn(state, { trip_id: run.trip_id, start_date: run.start_date });
}

/**
 * @param {State} state
 * @returns {Step}
 */
export function signOff(state) {
  if (state.trip === null || !mayTouch(state) || !state.link.live) return { state, effects: [] };
  return {
    state: { ...state, signingOff: true },
    effects: [{ type: "send", message: { type: "sign_off", ref: "sign-off" } }],
  };
}
