/** What becomes of each press at a kiosk: rung, answered, followed to its end, said aloud. Part of the kiosk's state. Pure. */

import { ENDS, lines, whyNot } from "/static/rider/stop/board.js";

/** A finger that trembles presses twice; a second person needs longer to come to the screen. */
export const TREMBLE_MS = 4_000;
/** A ring without an answer is sent again this often after the first time, and then given up aloud. */
export const TRIES = 3;
const RETRY_MS = 2_500;
/** How often the bells of this kiosk are asked after while they are open. */
const ASK_MS = 3_000;
/** Bells followed at once; of more the oldest is let go (it lives on, the kiosk only no longer tells of it). */
const FOLLOWED = 12;
/** Changes for which somebody who waits wants to look up, whatever is on the screen. */
const NEWS = new Set(["arrived", "passed", "declined", "expired"]);

/**
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/shared/wire.d.ts").RingRequest} RingRequest
 * @typedef {import("/static/shared/words.js").Said} Said
 * @typedef {import("/static/rider/stop/board.js").Line} Line
 * @typedef {import("/static/rider/kiosk/state.js").Effect} Effect
 * @typedef {import("/static/rider/kiosk/state.js").Press} Press
 * @typedef {import("/static/rider/kiosk/state.js").State} State
 * @typedef {import("/static/rider/kiosk/state.js").Step} Step
 */

/**
 * One press rings; where it cannot, the answer says why. Each press is somebody's, but for a trembling finger's.
 *
 * @param {State} state
 * @param {string} key
 * @param {string} bellId
 * @returns {Step}
 */
export function press(state, key, bellId) {
  const line = lines(state).find((one) => one.key === key);
  if (line === undefined) return { state, effects: [] };
  const values = { route: line.row.route_name };
  if (!state.enrolled) return said(state, { key: "kiosk.not_enrolled" });
  if (line.row.here) return said(state, { key: "kiosk.here", values });
  const why = whyNot(line.row, state.needs);
  if (why !== null) return said(state, { key: `kiosk.${why}`, values });
  if (!state.link.live) return said(state, { key: "kiosk.offline" });
  const open = openPress(state, key);
  if (open && state.nowMs - open.madeMs < TREMBLE_MS) return said(state, answerOf(open));
  /** @type {Press} */
  const made = { request: requestOf(state, line, bellId), key, route: line.row.route_name, madeMs: state.nowMs, triedMs: state.nowMs, tries: 1, askedMs: state.nowMs, message: null };
  const kept = Object.entries(state.presses).slice(-(FOLLOWED - 1));
  const next = { ...state, presses: { ...Object.fromEntries(kept), [bellId]: made } };
  return said(next, { key: "kiosk.sending", values }, { type: "ring", request: made.request });
}

/**
 * @param {State} state
 * @param {Line} line
 * @param {string} bellId
 * @returns {RingRequest}
 */
function requestOf(state, { row, twice, aimed }, bellId) {
  /** @type {RingRequest} */
  const request = { bell_id: bellId, kind: "board", stop_id: state.stop.stop_id, route_id: row.route_id, needs: [...state.needs] };
  if (row.direction_id === 0 || row.direction_id === 1) request.direction_id = row.direction_id;
  if (twice) request.stop_sequence = row.stop_sequence;
  if (aimed) request.vehicle_id = row.vehicle_id;
  return request;
}

/**
 * @param {State} state
 * @param {string} bellId
 * @param {BellMessage} message
 * @returns {Step}
 */
export function told(state, bellId, message) {
  const before = state.presses[bellId];
  if (!before) return { state, effects: [] };
  const now = { ...before, message };
  const next = { ...state, presses: { ...state.presses, [bellId]: now } };
  const same = before.message?.state === message.state && before.message.attempt === message.attempt;
  const watched = state.answer !== null && Object.keys(state.presses).at(-1) === bellId;
  if (same || !(before.message === null || watched || NEWS.has(message.state))) return { state: next, effects: [] };
  return said(next, answerOf(now));
}

/**
 * @param {State} state
 * @param {string} bellId
 * @param {string} text
 * @returns {Step}
 */
export function refused(state, bellId, text) {
  const { [bellId]: known, ...presses } = state.presses;
  return known ? said({ ...state, presses }, text) : { state, effects: [] };
}

/**
 * A tablet whose token has run out says so to whoever has just pressed.
 *
 * @param {State} state
 * @param {boolean} yes
 * @returns {Step}
 */
export function enrolled(state, yes) {
  const answered = Object.entries(state.presses).filter(([, one]) => one.message !== null);
  const lost = !yes && answered.length < Object.keys(state.presses).length;
  const next = { ...state, enrolled: yes, presses: yes ? state.presses : Object.fromEntries(answered) };
  return lost ? said(next, { key: "kiosk.not_enrolled" }) : { state: next, effects: [] };
}

/**
 * One bell, as time passes: sent again while nobody has answered, then asked after until it ends.
 *
 * @param {Step} now
 * @param {string} bellId
 * @param {Press} one
 * @returns {Step}
 */
export function follow({ state, effects }, bellId, one) {
  const { nowMs } = state;
  if (one.message !== null) {
    if (ended(one) || nowMs - one.askedMs < ASK_MS) return { state, effects };
    return { state: put(state, bellId, { ...one, askedMs: nowMs }), effects: [...effects, { type: "ask", bellId }] };
  }
  if (nowMs - one.triedMs < RETRY_MS) return { state, effects };
  if (one.tries < TRIES) {
    const again = put(state, bellId, { ...one, tries: one.tries + 1, triedMs: nowMs });
    return { state: again, effects: [...effects, { type: "ring", request: one.request }] };
  }
  const { [bellId]: _, ...presses } = state.presses;
  const failed = said({ ...state, presses }, { key: "kiosk.failed", values: { route: one.route } }, { type: "take back", bellId });
  return { state: failed.state, effects: [...effects, ...failed.effects] };
}

/**
 * What is said of a bell that was rung here.
 *
 * @param {Press} press
 * @returns {Said}
 */
export function answerOf({ message, route }) {
  if (message === null) return { key: "kiosk.sending", values: { route } };
  const minutes = Math.floor((message.eta_s ?? 0) / 60);
  const again = message.state === "assigned" && message.attempt > 1 ? "again" : message.state;
  const soon = (again === "assigned" || again === "again") && minutes < 1 ? ".soon" : "";
  return { key: `kiosk.bell.${again}${soon}`, values: { route, plate: message.plate ?? "", minutes } };
}

/**
 * The open bell that was rung here for this line last.
 *
 * @param {State} state
 * @param {string} key
 * @returns {Press | undefined}
 */
export function openPress(state, key) {
  return Object.values(state.presses).findLast((one) => one.key === key && !ended(one));
}

/** @param {Press} press */
export function ended({ message }) {
  return message !== null && ENDS.has(message.state);
}

/**
 * @param {State} state
 * @param {Said | string} answer
 * @param {...Effect} effects
 * @returns {Step}
 */
export function said(state, answer, ...effects) {
  return { state: { ...state, answer, touchedMs: state.nowMs }, effects: [...effects, { type: "speak", said: answer }] };
}

/**
 * @param {State} state
 * @param {string} bellId
 * @param {Press} press
 * @returns {State}
 */
function put(state, bellId, press) {
  return { ...state, presses: { ...state.presses, [bellId]: press } };
}
