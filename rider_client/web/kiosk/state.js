/** What a stop's kiosk knows and decides: event in, next state and effects out. Pure: no document, no clock, no network. */

import { lines } from "/static/rider/stop/board.js";
import { ended, enrolled, follow, press, refused, said, told } from "/static/rider/kiosk/presses.js";

/** Routes on one screen: as many 160 px targets as a small tablet holds. */
export const ROUTES_A_SCREEN = 6;
/** After this long without a touch the next person finds the screen as everybody does. */
export const REST_MS = 20_000;

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

