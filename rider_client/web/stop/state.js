/** What the stop page knows and decides: event in, next state and effects out. Pure: no document, no clock, no socket. */

import { ENDS, forgotten } from "/static/rider/stop/board.js";
import { RING_GIVEN_UP_MS, giveUp, located, no, notLocated, press } from "/static/rider/stop/ringing.js";
import { NO_PUSH, stepPush } from "/static/rider/stop/pushing.js";
import { storyOf } from "/static/rider/stop/story.js";

/**
 * @typedef {import("/static/shared/wire.d.ts").Arrivals} Arrivals
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/shared/wire.d.ts").PresenceClaim} PresenceClaim
 * @typedef {import("/static/shared/wire.d.ts").Refused} Refused
 * @typedef {import("/static/shared/wire.d.ts").Ring} Ring
 * @typedef {import("/static/shared/wire.d.ts").Need} Need
 * @typedef {import("/static/shared/words.js").Said} Said
 * @typedef {import("/static/rider/stop/board.js").Line} Line
 * @typedef {import("/static/shared/profile.js").Profile} Profile
 *
 * @typedef {{message: BellMessage, failed: BellMessage | null, hadBus: boolean, cancelling: boolean, note: string | null,
 *   asked: {party: number, needs: Need[]} | null}} Bell
 *   `failed`: how the last bus that passed or declined did so; `hadBus`: some bus was chosen before this message
 * @typedef {{ring: Ring, line: string, routeName: string, madeMs: number}} Waiting  a ring that the server has not answered
 * @typedef {{line: string, text: Said | string}} Problem
 * @typedef {{stop_id: string, name: string, code: string, towards: string}} Stop
 *
 * @typedef {{
 *   stop: Stop,
 *   nonce: string | null,
 *   nowMs: number,
 *   serverAheadMs: number,
 *   link: {live: boolean, everLive: boolean, sinceMs: number},
 *   board: Arrivals | null,
 *   boardTakenMs: number,
 *   routeNames: Record<string, string>,
 *   bells: Record<string, Bell>,
 *   waiting: Record<string, Waiting>,
 *   locating: Line | null,
 *   problem: Problem | null,
 *   party: number,
 *   needs: Need[],
 *   push: import("/static/rider/stop/pushing.js").Push,
 * }} State
 *
 * @typedef {(
 *   | {type: "live", serverAtMs: number, bells: BellMessage[] | null}
 *   | {type: "lost", sinceMs: number}
 *   | {type: "arrivals", message: Arrivals}
 *   | {type: "bell", message: BellMessage}
 *   | {type: "refused", message: Refused}
 *   | {type: "press", line: string, bellId: string}
 *   | {type: "located", bellId: string, position: PresenceClaim}
 *   | {type: "not located", why: "denied" | "unavailable"}
 *   | {type: "cancel", bellId: string}
 *   | {type: "wish", party: number, needs: Need[]}
 *   | import("/static/rider/stop/pushing.js").PushEvent
 *   | {type: "tick"}
 * )} Event
 *
 * @typedef {(
 *   | {type: "send", message: {type: string, [field: string]: unknown}}
 *   | {type: "locate"}
 *   | {type: "speak", said: Said | string}
 *   | {type: "keep waiting", waiting: Waiting[]}
 *   | {type: "keep wish", party: number, needs: Need[]}
 *   | {type: "push", bellId: string, on: boolean}
 *   | {type: "vibrate"}
 * )} Effect
 * @typedef {{state: State, effects: Effect[]}} Step
 */

/**
 * @param {Stop} stop
 * @param {{nonce: string | null, board: Arrivals | null, routeNames: Record<string, string>, waiting: Waiting[],
 *   wish: Profile, nowMs: number, kept?: boolean}} given  `kept`: the board is one of earlier that this device had kept
 * @returns {State}
 */
export function initial(stop, { nonce, board, routeNames, waiting, wish, nowMs, kept = false }) {
  return {
    stop,
    nonce,
    nowMs,
    serverAheadMs: board === null || kept ? 0 : board.at_ms - nowMs,
    link: { live: false, everLive: false, sinceMs: nowMs },
    board,
    boardTakenMs: kept && board !== null ? board.at_ms : nowMs,
    routeNames: { ...routeNames, ...namesOn(board) },
    bells: {},
    waiting: Object.fromEntries(waiting.map((one) => [one.ring.bell_id, one])),
    locating: null,
    problem: null,
    push: NO_PUSH,
    ...wish,
  };
}

/**
 * @param {State} before
 * @param {Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
export function step(before, event, nowMs) {
  const state = { ...before, nowMs };
  switch (event.type) {
    case "live":
      return live(state, event.serverAtMs, event.bells);
    case "lost":
      return still({ ...state, link: { ...state.link, live: false, sinceMs: event.sinceMs } });
    case "arrivals":
      return still(arrived(state, event.message));
    case "bell":
      return bellChanged(state, event.message);
    case "refused":
      return refused(state, event.message);
    case "press":
      return press(state, event);
    case "located":
      return located(state, event.bellId, event.position);
    case "not located":
      return notLocated(state, event.why);
    case "cancel":
      return cancel(state, event.bellId);
    case "wish":
      return {
        state: { ...state, party: event.party, needs: event.needs },
        effects: [{ type: "keep wish", party: event.party, needs: event.needs }],
      };
    case "push offered":
    case "push press":
    case "pushed":
      return stepPush(state, event);
    case "tick":
      return tick(state);
  }
}

/**
 * @param {State} state
 * @returns {Step}
 */
function still(state) {
  return { state, effects: [] };
}

/**
 * The link is there: follow this stop, and send again what was never answered (the same id makes it the same bell).
 *
 * @param {State} state
 * @param {number} serverAtMs
 * @param {BellMessage[] | null} bells complete when given
 * @returns {Step}
 */
function live(state, serverAtMs, bells) {
  /** @type {Step} */
  let now = {
    state: {
      ...state,
      serverAheadMs: serverAtMs - state.nowMs,
      link: { live: true, everLive: true, sinceMs: state.nowMs },
      bells: bells === null ? state.bells : keepKnown(state.bells, bells),
    },
    effects: [{ type: "send", message: { type: "watch", stop_id: state.stop.stop_id } }],
  };
  for (const message of bells ?? []) now = then(now, bellChanged(now.state, message));
  for (const { ring } of Object.values(now.state.waiting)) now.effects.push({ type: "send", message: { ...ring } });
  for (const [bellId, bell] of Object.entries(now.state.bells)) {
    if (bell.cancelling) now.effects.push({ type: "send", message: { type: "cancel", bell_id: bellId } });
  }
  return now;
}

/**
 * @param {Step} first
 * @param {Step} second
 * @returns {Step}
 */
function then(first, second) {
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

/**
 * @param {Record<string, Bell>} known
 * @param {BellMessage[]} told
 * @returns {Record<string, Bell>}
 */
function keepKnown(known, told) {
  const ids = new Set(told.map((message) => message.bell_id));
  return Object.fromEntries(Object.entries(known).filter(([id, bell]) => ids.has(id) || ENDS.has(bell.message.state)));
}

/**
 * @param {State} state
 * @param {Arrivals} message
 * @returns {State}
 */
function arrived(state, message) {
  if (message.stop_id !== state.stop.stop_id) return state;
  return {
    ...state,
    board: message,
    boardTakenMs: state.nowMs,
    routeNames: { ...state.routeNames, ...namesOn(message) },
  };
}

/**
 * @param {Arrivals | null} board
 * @returns {Record<string, string>}
 */
function namesOn(board) {
  return Object.fromEntries((board?.buses ?? []).map((row) => [row.route_id, row.route_name]));
}

/**
 * @param {State} state
 * @param {BellMessage} message
 * @returns {Step}
 */
function bellChanged(state, message) {
  const known = state.bells[message.bell_id];
  const { [message.bell_id]: answered, ...waiting } = state.waiting;
  const same = known && known.message.state === message.state && known.message.attempt === message.attempt;
  /** @type {Bell} */
  const bell = {
    message,
    failed: ["passed", "declined"].includes(message.state) ? message : (known?.failed ?? null),
    hadBus: known !== undefined && (known.hadBus || known.message.vehicle_id !== undefined),
    cancelling: known?.cancelling === true && !ENDS.has(message.state),
    note: null,
    asked: answered ? { party: answered.ring.party ?? 1, needs: answered.ring.needs ?? [] } : (known?.asked ?? null),
  };
  const next = { ...state, waiting, bells: { ...state.bells, [message.bell_id]: bell } };
  /** @type {Effect[]} */
  const effects = answered ? [{ type: "keep waiting", waiting: Object.values(waiting) }] : [];
  if (answered && message.attempt > 0) next.problem = null;
  if (same || (known === undefined && answered === undefined && ENDS.has(message.state))) return { state: next, effects };
  effects.push({ type: "speak", said: storyOf(bell, next) });
  if (["shown", "arrived", "passed", "declined"].includes(message.state)) effects.push({ type: "vibrate" });
  return { state: next, effects };
}

/**
 * A no, in the server's words: about a ring (there is no bell), about a cancel, or about nothing in particular.
 *
 * @param {State} state
 * @param {Refused} message
 * @returns {Step}
 */
function refused(state, message) {
  const ref = message.ref ?? "";
  const pending = state.waiting[ref];
  if (pending) {
    const { [ref]: _, ...waiting } = state.waiting;
    return no({ ...state, waiting }, pending, message.message);
  }
  const bell = state.bells[ref];
  if (!bell) return { state, effects: [{ type: "speak", said: message.message }] };
  return {
    state: { ...state, bells: { ...state.bells, [ref]: { ...bell, cancelling: false, note: message.message } } },
    effects: [{ type: "speak", said: message.message }],
  };
}

/**
 * @param {State} state
 * @param {string} bellId
 * @returns {Step}
 */
function cancel(state, bellId) {
  const bell = state.bells[bellId];
  if (!bell || bell.cancelling || ENDS.has(bell.message.state)) return giveUp(state, bellId);
  return {
    state: { ...state, bells: { ...state.bells, [bellId]: { ...bell, cancelling: true, note: null } } },
    effects: [{ type: "send", message: { type: "cancel", bell_id: bellId } }],
  };
}

/**
 * @param {State} state
 * @returns {Step}
 */
function tick(state) {
  const bells = Object.fromEntries(Object.entries(state.bells).filter(([, bell]) => !forgotten(bell, state)));
  /** @type {Step} */
  let now = still({ ...state, bells });
  for (const [bellId, pending] of Object.entries(state.waiting)) {
    if (state.nowMs - pending.madeMs < RING_GIVEN_UP_MS) continue;
    const { [bellId]: _, ...waiting } = now.state.waiting;
    now = then(now, no({ ...now.state, waiting }, pending, { key: "ring.given_up" }));
  }
  return now;
}
