/** What the driver answers to an alert: by a touch while he stands, by a physical key at any time. Pure. */

import { question, wavedOff } from "/static/driver/asking.js";
import { mayTouch, screen } from "/static/driver/screen.js";
import { confirmed } from "/static/driver/signing.js";

/**
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/driver/state.js").Step} Step
 * @typedef {import("/static/driver/state.js").No} No
 */

/**
 * A touch needs a standing bus, a key does not. "Seen" may still become a no; a no is said once.
 *
 * @param {State} state
 * @param {"ok" | No} given
 * @param {"touch" | "key"} by
 * @returns {Step}
 */
export function answer(state, given, by) {
  const { main } = screen(state);
  if (main === null || !state.link.live || (by === "touch" && !mayTouch(state))) return { state, effects: [] };
  const before = state.answered[main.alert_id];
  if (before === given || (before !== undefined && before !== "ok")) return { state, effects: [] };
  return {
    state: { ...state, answered: { ...state.answered, [main.alert_id]: given } },
    effects: [{ type: "send", message: { type: "respond", ref: main.alert_id, alert_id: main.alert_id, answer: given, by } }],
  };
}

/**
 * A physical key: it answers the alert, or the question about the run while there is one.
 *
 * @param {State} state
 * @param {import("/static/driver/keys.js").KeyAction} action
 * @returns {Step}
 */
export function keyed(state, action) {
  if (action === "other") return { state: wavedOff(state), effects: [] };
  return action === "ok" && question(state) !== null ? confirmed(state) : answer(state, action, "key");
}
