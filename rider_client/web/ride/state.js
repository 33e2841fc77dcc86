/** What the rider app knows: the open stop and all boarding bells (as on the stop page), the finder, the ride, the past. Pure. */

import { openBells } from "/static/rider/stop/board.js";
import { initial, step } from "/static/rider/stop/state.js";
import { initialAboard, ride } from "/static/rider/ride/aboard.js";
import { current } from "/static/rider/ride/onboard.js";
import { find, initialFinder, listed } from "/static/rider/ride/finder.js";
import { stopName } from "/static/rider/ride/names.js";
import { show } from "/static/rider/ride/pass.js";
import { initialSheets, sheet } from "/static/rider/ride/sheets.js";

/**
 * @typedef {import("/static/rider/stop/state.js").State} StopState
 * @typedef {import("/static/rider/stop/state.js").Event} StopEvent
 * @typedef {import("/static/rider/stop/state.js").Effect} StopEffect
 * @typedef {import("/static/rider/stop/state.js").Waiting} Waiting
 * @typedef {import("/static/rider/ride/finder.js").Finder} Finder
 * @typedef {import("/static/rider/ride/aboard.js").Aboard} Aboard
 * @typedef {import("/static/rider/ride/sheets.js").Sheets} Sheets
 * @typedef {import("/static/shared/favourites.js").Favourite} Favourite
 * @typedef {import("/static/shared/profile.js").Profile} Profile
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 *
 * @typedef {{tab: "stops" | "aboard" | "past" | "report" | "with", id: string}} Place
 *   `id`: the bell of a report, the link of a companion, the code of a bus
 * @typedef {{place: Place, at: StopState, finder: Finder, aboard: Aboard, sheets: Sheets, pass: import("/static/rider/ride/pass.js").Pass | null}} State
 *   `pass`: the code that is shown to an inspector
 *
 * @typedef {(
 *   | {to: "stop", event: StopEvent}
 *   | {to: "finder", event: import("/static/rider/ride/finder.js").Event}
 *   | {to: "aboard", event: import("/static/rider/ride/aboard.js").Event}
 *   | {to: "sheets", event: import("/static/rider/ride/sheets.js").Event}
 *   | {to: "pass", event: import("/static/rider/ride/pass.js").Event}
 *   | {to: "all", event: {type: "live", serverAtMs: number, bells: BellMessage[] | null, rides: RideMessage[] | null}}
 *   | {to: "all", event: {type: "refused", message: import("/static/shared/wire.d.ts").Refused}}
 *   | {to: "all", event: {type: "open", stopId: string}}
 *   | {to: "all", event: {type: "go", place: Place}}
 *   | {to: "all", event: {type: "tick"}}
 * )} Event
 *
 * @typedef {(
 *   | StopEffect
 *   | import("/static/rider/ride/finder.js").Effect
 *   | import("/static/rider/ride/aboard.js").Effect
 *   | import("/static/rider/ride/sheets.js").Effect
 *   | import("/static/rider/ride/pass.js").Effect
 * )} Effect
 * @typedef {{state: State, effects: Effect[]}} Step
 */

/** So near a stop one stands at it; a receiver between houses is off by as much. */
const AT_STOP_M = 100;

/**
 * @param {{lang: string, place: Place, favourites: Favourite[], waiting: Waiting[], wish: Profile, nowMs: number}} given
 * @returns {State}
 */
export function initialApp({ lang, place, favourites, waiting, wish, nowMs }) {
  const none = { stop_id: "", name: "", code: "", towards: "" };
  return {
    place,
    at: initial(none, { nonce: null, board: null, routeNames: {}, waiting, wish, nowMs }),
    finder: initialFinder(lang, favourites),
    aboard: initialAboard(),
    sheets: initialSheets(),
    pass: null,
  };
}

/**
 * The tab that an address names: `#/aboard`, `#/aboard/CODE`, `#/past`, `#/report/BELL`, `#/with/LINK`.
 *
 * @param {string} hash
 * @returns {Place}
 */
export function placeOf(hash) {
  const [, name = "", id = ""] = hash.replace(/^#/, "").split("/");
  const tab = /** @type {const} */ (["stops", "aboard", "past", "report", "with"]).find((one) => one === name) ?? "stops";
  return { tab, id: decodeURIComponent(id) };
}

/**
 * @param {State} state
 * @param {Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
export function app(state, event, nowMs) {
  switch (event.to) {
    case "stop":
      return atStop(state, event.event, nowMs);
    case "finder":
      return finding(state, event.event, nowMs);
    case "aboard":
      return aboard(state, event.event, nowMs);
    case "sheets":
      return sheets(state, event.event);
    case "pass":
      return pass(state, event.event, nowMs);
    case "all":
      return all(state, event.event, nowMs);
  }
}

/**
 * @param {State} state
 * @param {Extract<Event, {to: "all"}>["event"]} event
 * @param {number} nowMs
 * @returns {Step}
 */
function all(state, event, nowMs) {
  switch (event.type) {
    case "live":
      return live(state, event, nowMs);
    case "refused":
      return refused(state, event.message, nowMs);
    case "open":
      return open(state, event.stopId, nowMs);
    case "go":
      return go({ ...state, place: event.place });
    case "tick":
      return joined(state, [
        (now) => atStop(now, { type: "tick" }, nowMs),
        (now) => aboard(now, { type: "tick" }, nowMs),
        (now) => pass(now, { type: "tick" }, nowMs),
        (now) => (watchesBuses(now) ? finding(now, { type: "look again" }, nowMs) : { state: now, effects: [] }),
      ]);
  }
}

/**
 * Only what stands on the screen is asked for again.
 *
 * @param {State} state
 */
function watchesBuses(state) {
  return state.place.tab === "stops" || (state.place.tab === "aboard" && current(state.aboard) === null);
}

/**
 * @param {State} state
 * @param {((state: State) => Step)[]} steps
 * @returns {Step}
 */
function joined(state, steps) {
  /** @type {Step} */
  let now = { state, effects: [] };
  for (const one of steps) {
    const next = one(now.state);
    now = { state: next.state, effects: [...now.effects, ...next.effects] };
  }
  return now;
}

/**
 * Without an open stop there is nothing to watch.
 *
 * @param {State} state
 * @param {StopEvent} event
 * @param {number} nowMs
 * @returns {Step}
 */
function atStop(state, event, nowMs) {
  const next = step(state.at, event, nowMs);
  const after = { ...state, at: next.state };
  /** @type {Effect[]} */
  const effects = next.effects.filter((one) => one.type !== "send" || one.message.type !== "watch" || one.message["stop_id"] !== "");
  for (const { message } of openBells(next.state)) {
    if (!(message.bell_id in state.at.bells) && stopName(after, message.stop_id) === "") effects.push({ type: "ask stop", stopId: message.stop_id });
  }
  return { state: after, effects };
}

/**
 * Who stands at a stop sees its board at once.
 *
 * @param {State} state
 * @param {import("/static/rider/ride/finder.js").Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
function finding(state, event, nowMs) {
  const { finder, effects } = find(state.finder, event, nowMs);
  const found = { ...state, finder };
  const first = event.type === "near" && state.at.stop.stop_id === "" ? listed(finder)[0] : undefined;
  if (first === undefined || first.distanceM === null || first.distanceM > AT_STOP_M) return { state: found, effects };
  const opened = open(found, first.stop_id, nowMs);
  return { state: opened.state, effects: [...effects, ...opened.effects] };
}

/**
 * @param {State} state
 * @param {import("/static/rider/ride/aboard.js").Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
function aboard(state, event, nowMs) {
  const { party, needs, link } = state.at;
  const next = ride(state.aboard, event, { nowMs, live: link.live, profile: { party, needs }, lang: state.finder.lang });
  return { state: { ...state, aboard: next.aboard }, effects: next.effects };
}

/**
 * @param {State} state
 * @param {import("/static/rider/ride/sheets.js").Event} event
 * @returns {Step}
 */
function sheets(state, event) {
  const next = sheet(state.sheets, event);
  return { state: { ...state, sheets: next.sheets }, effects: next.effects };
}

/**
 * @param {State} state
 * @param {import("/static/rider/ride/pass.js").Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
function pass(state, event, nowMs) {
  const next = show(state.pass, event, nowMs);
  return { state: { ...state, pass: next.pass }, effects: next.effects };
}

/**
 * Bells of the stop and bells of the ride come in one snapshot.
 *
 * @param {State} state
 * @param {{serverAtMs: number, bells: BellMessage[] | null, rides: RideMessage[] | null}} told
 * @param {number} nowMs
 * @returns {Step}
 */
function live(state, { serverAtMs, bells, rides }, nowMs) {
  const of = (/** @type {string} */ kind) => (bells === null ? null : bells.filter((bell) => bell.kind === kind));
  return joined(state, [
    (now) => atStop(now, { type: "live", serverAtMs, bells: of("board") }, nowMs),
    (now) => aboard(now, { type: "live", bells: of("alight"), rides }, nowMs),
    go,
  ]);
}

/**
 * @param {State} state
 * @param {import("/static/shared/wire.d.ts").Refused} message
 * @param {number} nowMs
 * @returns {Step}
 */
function refused(state, message, nowMs) {
  const ref = message.ref ?? "";
  const { ringing, entering, bells, rides } = state.aboard;
  const aboards = ringing?.bellId === ref || entering !== null || ref in bells || ref in rides;
  return aboards && !(ref in state.at.waiting) ? aboard(state, { type: "refused", message }, nowMs) : atStop(state, { type: "refused", message }, nowMs);
}

/**
 * One stop is open at a time; opened again it closes.
 *
 * @param {State} state
 * @param {string} stopId
 * @param {number} nowMs
 * @returns {Step}
 */
function open(state, stopId, nowMs) {
  const before = state.at.stop.stop_id;
  const found = listed(state.finder).find((one) => one.stop_id === stopId);
  const closes = before === stopId;
  const stop = {
    stop_id: closes ? "" : stopId,
    name: found?.name ?? "",
    code: found?.code ?? "",
    towards: found?.towards ?? "",
  };
  /** @type {Effect[]} */
  const effects = [];
  if (before !== "") effects.push({ type: "send", message: { type: "unwatch", stop_id: before } });
  if (!closes) effects.push({ type: "send", message: { type: "watch", stop_id: stopId } });
  return { state: { ...state, at: { ...state.at, nowMs, stop, board: null, boardTakenMs: nowMs, problem: null, locating: null } }, effects };
}

/**
 * What the place that one came to needs to know. A bus's code in the address is a check-in.
 *
 * @param {State} state
 * @returns {Step}
 */
function go(state) {
  const { tab, id } = state.place;
  if (tab === "past") return { state, effects: [{ type: "ask rides" }] };
  if (tab === "report") return sheets(state, { type: "open report", bellId: id });
  if (tab === "with") return sheets(state, { type: "open companion", link: id });
  if (tab === "aboard" && id !== "" && state.at.link.live) {
    return { state: { ...state, place: { tab, id: "" } }, effects: [{ type: "enter by code", nonce: id }] };
  }
  return { state, effects: [] };
}
