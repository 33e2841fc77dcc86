/** Which sound an alert makes, and when it makes none. Pure. */

import { slowing } from "/static/driver/motion.js";
import { chimeOf, screen } from "/static/driver/screen.js";

/** Alerts whose sounds are remembered: a day's worth of a busy bus. */
const SOUNDED_KEPT = 200;

/**
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/driver/state.js").Step} Step
 * @typedef {import("/static/driver/state.js").Effect} Effect
 */

/**
 * At most two sounds a stop visit: one when its alert takes the screen, one at the decision point if the bus has not
 * begun to slow. Changes of count are silent. What has sounded is remembered across reloads.
 *
 * @param {State} state
 * @param {Effect[]} effects
 * @returns {Step}
 */
export function chimed(state, effects) {
  const { main } = screen(state);
  if (main === null) return { state, effects };
  const times = state.sounded[main.alert_id] ?? 0;
  const wanted = main.stage === "now" ? 2 : 1;
  if (times >= wanted) return { state, effects };
  const loud = times === 0 || !slowing(state.motion, state.nowMs);
  const kept = Object.entries(state.sounded).slice(-SOUNDED_KEPT);
  const sounded = { ...Object.fromEntries(kept), [main.alert_id]: wanted };
  return {
    state: { ...state, sounded },
    effects: [
      ...effects,
      ...(loud ? [{ type: /** @type {const} */ ("sound"), chime: chimeOf(main) }] : []),
      { type: "keep sounded", sounded },
    ],
  };
}
