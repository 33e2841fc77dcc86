/** What a stop's kiosk knows and decides: event in, next state and effects out. Pure: no document, no clock, no network. */

import { ENDS, lines, whyNot } from "/static/rider/stop/board.js";

/** Routes on one screen: as many 160 px targets as a small tablet holds. */
export const ROUTES_A_SCREEN = 6;
/** After this long without a touch the next person finds the screen as everybody does. */
export const REST_MS = 20_000;
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
 * @typedef {import("/static/shared/wire.d.ts").Arrivals} Arrivals
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/shared/wire.d.ts").RingRequest} RingRequest
 * @typedef {import("/static/shared/wire.d.ts").Need} Need
 * @typedef {import("/static/shared/words.js").Lang} Lang
 * @typedef {import("/static/shared/words.js").Said} Said
 * @typedef {import("/static/rider/stop/board.js").Line} Line
 * @typedef {import("/static/rider/stop/board.js").BoardState} BoardState
 *
 * @typedef {{request: RingRequest, key: string, route: string, madeMs: number, triedMs: number, tries: number, askedMs: number,
 *   message: BellMessage | null}} Press  `message`: the bell as the server last told it
 * @typedef {BoardState & {
 *   enrolled: boolean,
 *   home: Lang,
 *   lang: Lang,
 *   screen: number,
 *   presses: Record<string, Press>,
 *   answer: Said | string | null,
 *   touchedMs: number,
 * }} State  `home`: the language of the screen at rest
 *
 * @typedef {(
 *   | {type: "live"} | {type: "lost", sinceMs: number} | {type: "enrolled", yes: boolean}
 *   | {type: "arrivals", message: Arrivals}
 *   | {type: "press", key: string, bellId: string}
 *   | {type: "told", bellId: string, message: BellMessage}
 *   | {type: "refused", bellId: string, text: string}
 *   | {type: "wheelchair"} | {type: "more"} | {type: "language"} | {type: "touch"} | {type: "tick"}
 * )} Event
 * @typedef {(
 *   | {type: "watch"}
 *   | {type: "ring", request: RingRequest}
 *   | {type: "ask", bellId: string}
 *   | {type: "take back", bellId: string}
 *   | {type: "speak", said: Said | string}
 *   | {type: "rest"}
 * )} Effect
 * @typedef {{state: State, effects: Effect[]}} Step
 */

/**
 * @param {BoardState["stop"]} stop
 * @param {{board: Arrivals | null, lang: Lang, enrolled: boolean, nowMs: number}} given
 * @returns {State}
 */
export function initial(stop, { board, lang, enrolled, nowMs }) {
  return {
    stop,
    board,
    boardTakenMs: nowMs,
    bells: {},
    waiting: {},
    needs: [],
    link: { live: false, everLive: false, sinceMs: nowMs },
    nowMs,
    enrolled,
    home: lang,
    lang,
    screen: 0,
    presses: {},
    answer: null,
    touchedMs: 0,
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
      return { state: { ...state, link: { live: true, everLive: true, sinceMs: nowMs } }, effects: [{ type: "watch" }] };
    case "lost":
      return still({ ...state, link: { ...state.link, live: false, sinceMs: event.sinceMs } });
    case "enrolled":
      return enrolled(state, event.yes);
    case "arrivals":
      return still(event.message.stop_id === state.stop.stop_id ? { ...state, board: event.message, boardTakenMs: nowMs } : state);
    case "press":
      return press(touched(state), event.key, event.bellId);
    case "told":
      return told(state, event.bellId, event.message);
    case "refused":
      return refused(state, event.bellId, event.text);
    case "wheelchair":
      return wheelchair(touched(state));
    case "more":
      return still({ ...touched(state), screen: (state.screen + 1) % screens(state) });
    case "language":
      return said({ ...touched(state), lang: state.lang === "ko" ? "en" : "ko" }, { key: "kiosk.language.now" });
    case "touch":
      return still(touched(state));
    case "tick":
      return tick(state);
  }
}

/**
 * The lines of the board by route, so that a button never moves under a finger because another bus has come nearer.
 *
 * @param {State} state
 * @returns {Line[]}
 */
export function buttons(state) {
  const order = new Intl.Collator("ko", { numeric: true });
  return lines(state).sort((a, b) => order.compare(a.row.route_name, b.row.route_name) || order.compare(a.row.headsign, b.row.headsign));
}

/**
 * @param {State} state
 * @returns {Line[]} of the screen that is shown
 */
export function onScreen(state) {
  const first = Math.min(state.screen, screens(state) - 1) * ROUTES_A_SCREEN;
  return buttons(state).slice(first, first + ROUTES_A_SCREEN);
}

/**
 * @param {State} state
 * @returns {number} at least one
 */
export function screens(state) {
  return Math.max(1, Math.ceil(lines(state).length / ROUTES_A_SCREEN));
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
function ended({ message }) {
  return message !== null && ENDS.has(message.state);
}

/** @param {State} state */
function touched(state) {
  return { ...state, touchedMs: state.nowMs };
}

/**
 * @param {State} state
 * @returns {Step}
 */
function still(state) {
  return { state, effects: [] };
}

/**
 * @param {State} state
 * @param {Said | string} answer
 * @param {...Effect} effects
 * @returns {Step}
 */
function said(state, answer, ...effects) {
  return { state: { ...state, answer, touchedMs: state.nowMs }, effects: [...effects, { type: "speak", said: answer }] };
}

/**
 * A tablet whose token has run out says so to whoever has just pressed.
 *
 * @param {State} state
 * @param {boolean} yes
 * @returns {Step}
 */
function enrolled(state, yes) {
  const answered = Object.entries(state.presses).filter(([, one]) => one.message !== null);
  const lost = !yes && answered.length < Object.keys(state.presses).length;
  const next = { ...state, enrolled: yes, presses: yes ? state.presses : Object.fromEntries(answered) };
  return lost ? said(next, { key: "kiosk.not_enrolled" }) : still(next);
}

/**
 * One press rings; where it cannot, the answer says why. Each press is somebody's, but for a trembling finger's.
 *
 * @param {State} state
 * @param {string} key
 * @param {string} bellId
 * @returns {Step}
 */
function press(state, key, bellId) {
  const line = lines(state).find((one) => one.key === key);
  if (line === undefined) return still(state);
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
function told(state, bellId, message) {
  const before = state.presses[bellId];
  if (!before) return still(state);
  const now = { ...before, message };
  const next = { ...state, presses: { ...state.presses, [bellId]: now } };
  const same = before.message?.state === message.state && before.message.attempt === message.attempt;
  const watched = state.answer !== null && Object.keys(state.presses).at(-1) === bellId;
  if (same || !(before.message === null || watched || NEWS.has(message.state))) return still(next);
  return said(next, answerOf(now));
}

/**
 * @param {State} state
 * @param {string} bellId
 * @param {string} text
 * @returns {Step}
 */
function refused(state, bellId, text) {
  const { [bellId]: known, ...presses } = state.presses;
  return known ? said({ ...state, presses }, text) : still(state);
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
 * @param {State} state
 * @returns {Step}
 */
function wheelchair(state) {
  const on = !state.needs.includes("wheelchair");
  /** @type {Need[]} */
  const needs = on ? ["wheelchair"] : [];
  return said({ ...state, needs, screen: 0 }, { key: on ? "kiosk.wheelchair.on" : "kiosk.wheelchair.off" });
}

/**
 * @param {State} before
 * @returns {Step}
 */
function tick(before) {
  /** @type {Step} */
  let now = still(before);
  for (const [bellId, one] of Object.entries(before.presses)) now = follow(now, bellId, one);
  const { state } = now;
  const active = state.answer !== null || state.screen > 0 || state.needs.length > 0 || state.lang !== state.home;
  if (!active || state.nowMs - state.touchedMs < REST_MS) return now;
  const presses = Object.fromEntries(Object.entries(state.presses).filter(([, one]) => !ended(one)));
  return { state: { ...state, presses, answer: null, screen: 0, needs: [], lang: state.home }, effects: [...now.effects, { type: "rest" }] };
}

/**
 * One bell, as time passes: sent again while nobody has answered, then asked after until it ends.
 *
 * @param {Step} now
 * @param {string} bellId
 * @param {Press} one
 * @returns {Step}
 */
function follow({ state, effects }, bellId, one) {
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
 * @param {State} state
 * @param {string} bellId
 * @param {Press} press
 * @returns {State}
 */
function put(state, bellId, press) {
  return { ...state, presses: { ...state.presses, [bellId]: press } };
}
