/** What the driver's screen knows and decides: event in, next state and effects out. Pure: no document, clock, socket or sound. */

import { answer, keyed } from "/static/driver/answers.js";
import { NEVER_ASKED, SUGGEST, asked, suggested, wavedOff } from "/static/driver/asking.js";
import { chimed } from "/static/driver/chiming.js";
import { NO_MOTION } from "/static/driver/motion.js";
import { UNKNOWN } from "/static/driver/progress.js";
import { caughtUp, positioned } from "/static/driver/reporting.js";
import { tooLate } from "/static/driver/screen.js";
import { confirmed, signOff, signOn } from "/static/driver/signing.js";
import { leftBehind, pathTaken, placedBy } from "/static/driver/whereabouts.js";

/** The tick after a served stop. */
export const OUTCOME_MS = 2_000;
export const NOTE_MS = 6_000;
/** How long the self-test's result stands. */
export const TESTED_MS = 5_000;

/**
 * @typedef {import("/static/shared/wire.d.ts").TripMessage} TripMessage
 * @typedef {import("/static/shared/wire.d.ts").AlertMessage} AlertMessage
 * @typedef {import("/static/shared/wire.d.ts").ClearMessage} ClearMessage
 * @typedef {import("/static/shared/wire.d.ts").TerminalSnapshot} TerminalSnapshot
 * @typedef {import("/static/shared/wire.d.ts").Refused} Refused
 * @typedef {import("/static/driver/motion.js").Position} Position
 * @typedef {"boarding" | "alighting" | "need"} Chime
 * @typedef {import("/static/driver/routes.js").RouteItem} RouteItem
 * @typedef {import("/static/driver/routes.js").RouteDetail} RouteDetail
 * @typedef {{patternId: string, path: import("/static/driver/path.js").Path | null}} TripPath
 * @typedef {{stopName: string, outcome: "served" | "passed", untilMs: number}} Ended
 * @typedef {"full" | "cannot_stop"} No
 * @typedef {{running: Chime | null, sound: boolean, screen: boolean, untilMs: number}} SelfTest
 *
 * @typedef {{
 *   nowMs: number,
 *   serverAheadMs: number,
 *   link: {live: boolean, heardMs: number, sinceServerMs: number},
 *   door: "open" | "token" | "forbidden" | "superseded",
 *   trip: TripMessage | null,
 *   tripKnown: boolean,
 *   alerts: Record<string, AlertMessage>,
 *   late: Record<string, true>,
 *   shown: Record<string, true>,
 *   sounded: Record<string, number>,
 *   ended: Ended | null,
 *   answered: Record<string, "ok" | No>,
 *   note: {text: string, untilMs: number} | null,
 *   gps: "off" | "asking" | "good" | "denied" | "lost",
 *   motion: import("/static/driver/motion.js").Motion,
 *   progress: import("/static/driver/progress.js").Progress,
 *   fixes: {sentMs: number, n: number, unsent: Position | null},
 *   signingOn: boolean,
 *   signingOff: boolean,
 *   routes: RouteItem[] | null,
 *   chosenRoute: string,
 *   detail: RouteDetail | null,
 *   tripPath: TripPath | null,
 *   proposal: import("/static/driver/asking.js").Proposal | null,
 *   asking: import("/static/driver/asking.js").Asking,
 *   choosing: boolean,
 *   waved: string,
 *   selfTest: SelfTest | null,
 *   silent: boolean,
 *   awake: boolean,
 * }} State
 *
 * @typedef {(
 *   | {type: "live", serverAtMs: number, snapshot: TerminalSnapshot | null}
 *   | {type: "lost", heardMs: number}
 *   | {type: "door", door: "token" | "forbidden" | "superseded" | "open"}
 *   | {type: "trip", message: TripMessage}
 *   | {type: "alert", message: AlertMessage}
 *   | {type: "clear", message: ClearMessage}
 *   | {type: "refused", message: Refused}
 *   | {type: "position", position: Position}
 *   | {type: "no position", why: "denied" | "lost"}
 *   | {type: "painted", alertIds: string[]}
 *   | {type: "answer", answer: No}
 *   | {type: "key", action: import("/static/driver/keys.js").KeyAction}
 *   | {type: "suggestions", message: import("/static/shared/wire.d.ts").Suggestions}
 *   | {type: "sign on", choice: import("/static/driver/signing.js").Choice}
 *   | {type: "yes"}
 *   | {type: "other"}
 *   | {type: "choose"}
 *   | {type: "keep"}
 *   | {type: "sign off"}
 *   | {type: "testing", chime: Chime}
 *   | {type: "tested", sound: boolean, screen: boolean}
 *   | {type: "awake", awake: boolean}
 *   | {type: "routes", routes: RouteItem[]}
 *   | {type: "choose route", routeId: string}
 *   | {type: "route", detail: RouteDetail}
 *   | {type: "speaker", silent: boolean}
 *   | {type: "tick"}
 * )} Event
 *
 * @typedef {(
 *   | {type: "send", message: {type: string, [field: string]: unknown}}
 *   | {type: "sound", chime: Chime}
 *   | {type: "keep sounded", sounded: Record<string, number>}
 *   | {type: "self test"}
 * )} Effect
 * @typedef {{state: State, effects: Effect[]}} Step
 */

/**
 * @param {{nowMs: number, sounded: Record<string, number>, positions: boolean}} given
 * @returns {State}
 */
export function initial({ nowMs, sounded, positions }) {
  return {
    nowMs,
    serverAheadMs: 0,
    link: { live: false, heardMs: nowMs, sinceServerMs: 0 },
    door: "open",
    trip: null,
    tripKnown: false,
    alerts: {},
    late: {},
    shown: {},
    sounded,
    ended: null,
    answered: {},
    note: null,
    gps: positions ? "asking" : "off",
    motion: NO_MOTION,
    progress: UNKNOWN,
    fixes: { sentMs: 0, n: 0, unsent: null },
    signingOn: false,
    signingOff: false,
    routes: null,
    chosenRoute: "",
    detail: null,
    tripPath: null,
    proposal: null,
    asking: NEVER_ASKED,
    choosing: false,
    waved: "",
    selfTest: null,
    silent: false,
    awake: true,
  };
}

/**
 * @param {State} before
 * @param {Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
export function step(before, event, nowMs) {
  const { state, effects } = react({ ...before, nowMs }, event);
  return asked(chimed(state, effects));
}

/**
 * @param {State} state
 * @param {Event} event
 * @returns {Step}
 */
function react(state, event) {
  switch (event.type) {
    case "live":
      return caughtUp(live(state, event.serverAtMs, event.snapshot));
    case "lost":
      return still({ ...state, link: { ...state.link, live: false, heardMs: event.heardMs } });
    case "door":
      return still({ ...state, door: event.door });
    case "trip":
      return still(tripTaken(state, event.message));
    case "alert":
      return still(alertTaken(state, event.message));
    case "clear":
      return still(cleared(state, event.message));
    case "refused":
      return still(refused(state, event.message));
    case "position":
      return positioned(state, event.position);
    case "no position":
      return still({ ...state, gps: event.why });
    case "painted":
      return painted(state, event.alertIds);
    case "answer":
      return answer(state, event.answer, "touch");
    case "key":
      return keyed(state, event.action);
    case "suggestions":
      return still(suggested(state, event.message));
    case "sign on":
      return signOn(state, event.choice);
    case "yes":
      return confirmed(state);
    case "other":
      return still(wavedOff(state));
    case "choose":
      return still({ ...state, choosing: true });
    case "keep":
      return still({ ...state, choosing: false });
    case "sign off":
      return signOff(state);
    case "routes":
      return still({ ...state, routes: event.routes });
    case "choose route":
      return still({ ...state, chosenRoute: event.routeId });
    case "route":
      return still(pathTaken({ ...state, detail: event.detail }));
    case "testing":
      return still({ ...state, selfTest: { running: event.chime, sound: false, screen: false, untilMs: Infinity } });
    case "tested":
      return tested(state, event.sound, event.screen);
    case "awake":
      return still({ ...state, awake: event.awake });
    case "speaker":
      return still({ ...state, silent: event.silent });
    case "tick":
      return still(ticked(state));
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
 * @param {State} state
 * @param {number} serverAtMs
 * @param {TerminalSnapshot | null} snapshot complete when given; otherwise what was held goes on
 * @returns {State}
 */
function live(state, serverAtMs, snapshot) {
  const linked = {
    ...state,
    door: /** @type {const} */ ("open"),
    link: { live: true, heardMs: state.nowMs, sinceServerMs: serverAtMs },
    serverAheadMs: serverAtMs - state.nowMs,
    tripKnown: true,
    shown: {},
    signingOn: false,
    signingOff: false,
  };
  if (snapshot === null) return linked;
  const onTrip = snapshot.trip === null ? { ...linked, trip: null } : tripTaken(linked, snapshot.trip);
  return snapshot.alerts.reduce(alertTaken, { ...onTrip, alerts: {} });
}

/**
 * Another trip: its metres and its alerts are not those of the old one.
 *
 * @param {State} state
 * @param {TripMessage} trip
 * @returns {State}
 */
function tripTaken(state, trip) {
  const next = { ...state, trip: trip.route_id === "" ? null : trip, tripKnown: true, signingOn: false, signingOff: false, proposal: null, chosenRoute: "" };
  if (state.trip?.trip_id === trip.trip_id) return next;
  const alerts = Object.fromEntries(Object.entries(state.alerts).filter(([, one]) => one.trip_id === trip.trip_id));
  return pathTaken({ ...next, alerts, late: {}, tripPath: null, progress: { ...state.progress, anchor: null } });
}

/**
 * A later alert with the same id replaces the earlier; one of another trip is none of ours.
 *
 * @param {State} state
 * @param {AlertMessage} alert
 * @returns {State}
 */
function alertTaken(state, alert) {
  if (state.trip !== null && state.trip.trip_id !== "" && state.trip.trip_id !== alert.trip_id) return state;
  if (state.late[alert.alert_id] || tooLate(alert, state)) return { ...state, late: { ...state.late, [alert.alert_id]: true } };
  const known = state.alerts[alert.alert_id];
  const needs = [...new Set([...(known?.needs ?? []), ...alert.needs])];
  const merged = known !== undefined && alert.boarding + alert.alighting > 0 ? { ...alert, needs } : alert;
  return { ...placedBy(state, alert), alerts: { ...state.alerts, [alert.alert_id]: merged } };
}

/**
 * @param {State} state
 * @param {ClearMessage} clear
 * @returns {State}
 */
function cleared(state, clear) {
  const { [clear.alert_id]: alert, ...alerts } = state.alerts;
  if (alert === undefined) return state;
  const { outcome } = clear;
  const told_ = outcome === "served" || outcome === "passed";
  const ended = told_ ? { stopName: alert.stop_name, outcome, untilMs: state.nowMs + OUTCOME_MS } : state.ended;
  return { ...(told_ ? leftBehind(state, alert.stop_sequence) : state), alerts, ended };
}

/**
 * @param {State} state
 * @param {Refused} message
 * @returns {State}
 */
function refused(state, message) {
  if (message.ref?.startsWith(SUGGEST)) return state;
  const { [message.ref ?? ""]: _, ...answered } = state.answered;
  return {
    ...state,
    answered,
    signingOn: false,
    signingOff: false,
    note: { text: message.message, untilMs: state.nowMs + NOTE_MS },
  };
}

/**
 * The verdicts stand for a while, and whoever looks after the terminals hears them.
 *
 * @param {State} state
 * @param {boolean} sound
 * @param {boolean} screen
 * @returns {Step}
 */
function tested(state, sound, screen) {
  const said = (/** @type {boolean} */ good) => (good ? "ok" : "failed");
  return {
    state: { ...state, selfTest: { running: null, sound, screen, untilMs: state.nowMs + TESTED_MS } },
    effects: [{ type: "send", message: { type: "health", sound: said(sound), screen: said(screen) } }],
  };
}

/**
 * The screen itself says what is on it.
 *
 * @param {State} state
 * @param {string[]} alertIds
 * @returns {Step}
 */
function painted(state, alertIds) {
  const fresh = alertIds.filter((id) => state.alerts[id] !== undefined && !state.shown[id]);
  if (!state.link.live || fresh.length === 0) return still(state);
  const atMs = state.nowMs + state.serverAheadMs;
  return {
    state: { ...state, shown: { ...state.shown, ...Object.fromEntries(fresh.map((id) => [id, true])) } },
    effects: fresh.map((id) => ({ type: "send", message: { type: "shown", alert_id: id, at_ms: atMs } })),
  };
}

/**
 * @param {State} state
 * @returns {State}
 */
function ticked(state) {
  const ended = state.ended !== null && state.nowMs >= state.ended.untilMs ? null : state.ended;
  const note = state.note !== null && state.nowMs >= state.note.untilMs ? null : state.note;
  const selfTest = state.selfTest !== null && state.nowMs >= state.selfTest.untilMs ? null : state.selfTest;
  return { ...state, ended, note, selfTest };
}
