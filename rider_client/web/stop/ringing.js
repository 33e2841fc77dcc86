/** From a tap to a sent ring, or to a no that stands at its line. Part of the stop page's state. Pure. */

import { lines, whyNot } from "/static/rider/stop/board.js";

/** A ring that could not be sent within this time is given up: the bus it was meant for is gone by then. */
export const RING_GIVEN_UP_MS = 120_000;

/**
 * @typedef {import("/static/rider/stop/board.js").Line} Line
 * @typedef {import("/static/rider/stop/state.js").Effect} Effect
 * @typedef {import("/static/rider/stop/state.js").State} State
 * @typedef {import("/static/rider/stop/state.js").Step} Step
 * @typedef {import("/static/rider/stop/state.js").Waiting} Waiting
 * @typedef {import("/static/shared/wire.d.ts").PresenceClaim} PresenceClaim
 * @typedef {import("/static/shared/wire.d.ts").Ring} Ring
 * @typedef {import("/static/shared/words.js").Said} Said
 */

/**
 * One tap. The QR code's nonce proves presence; without it the device is asked where it is.
 *
 * @param {State} state
 * @param {{line: string, bellId: string}} pressed
 * @returns {Step}
 */
export function press(state, { line: key, bellId }) {
  const line = lines(state).find((one) => one.key === key);
  if (line === undefined || whyNot(line.row, state.needs) !== null || line.taken || state.locating !== null) return { state, effects: [] };
  const next = { ...state, problem: null, locating: line };
  return state.nonce === null
    ? { state: next, effects: [{ type: "locate" }] }
    : ring(next, line, bellId, { nonce: state.nonce });
}

/**
 * @param {State} state
 * @param {string} bellId
 * @param {PresenceClaim} position
 * @returns {Step}
 */
export function located(state, bellId, position) {
  return state.locating === null ? { state, effects: [] } : ring(state, state.locating, bellId, position);
}

/**
 * Any bus of the line may take the rider. A visit is named only where one trip calls here twice, a bus only where it
 * is the one that can take a wheelchair.
 *
 * @param {State} state
 * @param {Line} line
 * @param {string} bellId
 * @param {PresenceClaim} presence
 * @returns {Step}
 */
function ring(state, line, bellId, presence) {
  const { route_id: routeId, direction_id: direction, stop_sequence: sequence } = line.row;
  /** @type {Ring} */
  const message = {
    type: "ring",
    bell_id: bellId,
    kind: "board",
    stop_id: state.stop.stop_id,
    route_id: routeId,
    party: state.party,
    needs: state.needs,
    presence,
  };
  if (direction === 0 || direction === 1) message.direction_id = direction;
  if (line.twice) message.stop_sequence = sequence;
  if (line.aimed) message.vehicle_id = line.row.vehicle_id;
  const waiting = {
    ...state.waiting,
    [bellId]: { ring: message, line: line.key, routeName: line.row.route_name, madeMs: state.nowMs },
  };
  /** @type {Effect[]} */
  const effects = [{ type: "keep waiting", waiting: Object.values(waiting) }];
  if (state.link.live) effects.push({ type: "send", message: { ...message } });
  else effects.push({ type: "speak", said: { key: "ring.offline" } });
  return { state: { ...state, waiting, locating: null }, effects };
}

/**
 * @param {State} state
 * @param {"denied" | "unavailable"} why
 * @returns {Step}
 */
export function notLocated(state, why) {
  if (state.locating === null) return { state, effects: [] };
  const text = { key: `locate.${why}` };
  return {
    state: { ...state, locating: null, problem: { line: state.locating.key, text } },
    effects: [{ type: "speak", said: text }],
  };
}

/**
 * A ring that nobody answered yet is taken back: not sent again; a `cancel` follows it in case it did arrive.
 *
 * @param {State} state
 * @param {string} bellId
 * @returns {Step}
 */
export function giveUp(state, bellId) {
  const { [bellId]: pending, ...waiting } = state.waiting;
  if (!pending) return { state, effects: [] };
  return {
    state: { ...state, waiting },
    effects: [
      { type: "keep waiting", waiting: Object.values(waiting) },
      { type: "send", message: { type: "cancel", bell_id: bellId } },
      { type: "speak", said: { key: "ring.taken_back" } },
    ],
  };
}

/**
 * @param {State} state
 * @param {Waiting} pending
 * @param {Said | string} text
 * @returns {Step}
 */
export function no(state, pending, text) {
  return {
    state: { ...state, problem: { line: pending.line, text } },
    effects: [
      { type: "keep waiting", waiting: Object.values(state.waiting) },
      { type: "speak", said: text },
    ],
  };
}
