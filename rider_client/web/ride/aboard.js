/** On board: check in, follow the bus, choose where to be let off, change one's mind, leave. Event in, next and effects out. Pure. */

import { ENDS } from "/static/rider/stop/board.js";
import { alightStory } from "/static/rider/ride/alight_story.js";
import { current, openBell } from "/static/rider/ride/onboard.js";
import { nextStop, tell } from "/static/rider/ride/telling.js";

/** A ring or a check-in that nobody answered within this time is given up aloud: the bus's own button still works. */
export const GIVEN_UP_MS = 10_000;

/**
 * @typedef {import("/static/rider/ride/api.js").BusRun} BusRun
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/shared/wire.d.ts").BusMessage} BusMessage
 * @typedef {import("/static/shared/wire.d.ts").Refused} Refused
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 * @typedef {import("/static/shared/profile.js").Profile} Profile
 * @typedef {import("/static/shared/words.js").Said} Said
 * @typedef {{type: string, [field: string]: unknown}} Frame
 * @typedef {{ref: string, vehicleId: string | null, nonce: string | null, message: Frame | null, sinceMs: number}} Entering
 *   `message` null: the device is still asked where it is; it is sent once the link is there, and again after a lost one
 * @typedef {{bellId: string, stopSequence: number, sentMs: number}} Ringing
 *
 * @typedef {{
 *   rides: Record<string, RideMessage>,
 *   entering: Entering | null,
 *   run: BusRun | null,
 *   bus: BusMessage | null,
 *   busTakenMs: number,
 *   bells: Record<string, BellMessage>,
 *   ringing: Ringing | null,
 *   told: string,
 *   problem: Said | string | null,
 * }} Aboard  `told`: of which bell and nearness the rider was told last
 *
 * @typedef {{nowMs: number, live: boolean, profile: Profile, lang: string}} Around
 *
 * @typedef {(
 *   | {type: "live", bells: BellMessage[] | null, rides: RideMessage[] | null}
 *   | {type: "ride", message: RideMessage}
 *   | {type: "bus", message: BusMessage}
 *   | {type: "run", run: BusRun | null}
 *   | {type: "bell", message: BellMessage}
 *   | {type: "refused", message: Refused}
 *   | {type: "check in", ref: string, vehicleId: string | null, nonce: string | null}
 *   | {type: "located", position: Record<string, number>}
 *   | {type: "not located", why: "denied" | "unavailable"}
 *   | {type: "let off", stopSequence: number, bellId: string}
 *   | {type: "stay on"}
 *   | {type: "check out"}
 *   | {type: "undo", rideId: string}
 *   | {type: "correct", rideId: string, end: "board" | "alight" | null, stopId: string}
 *   | {type: "tick"}
 * )} Event
 *
 * @typedef {(
 *   | {type: "send", message: {type: string, [field: string]: unknown}}
 *   | {type: "speak", said: Said | string}
 *   | {type: "buzz", pattern: number[]}
 *   | {type: "locate aboard"}
 *   | {type: "ask run", vehicleId: string}
 * )} Effect
 * @typedef {{aboard: Aboard, effects: Effect[]}} Step
 */

/** @returns {Aboard} */
export function initialAboard() {
  return { rides: {}, entering: null, run: null, bus: null, busTakenMs: 0, bells: {}, ringing: null, told: "", problem: null };
}

/**
 * @param {Aboard} aboard
 * @param {Event} event
 * @param {Around} around
 * @returns {Step}
 */
export function ride(aboard, event, around) {
  switch (event.type) {
    case "live":
      return live(aboard, event.bells, event.rides, around);
    case "ride":
      return rideChanged(aboard, event.message, around);
    case "bus":
      return busMoved(aboard, event.message, around);
    case "run":
      return still({ ...aboard, run: event.run ?? aboard.run });
    case "bell":
      return bellChanged(aboard, event.message, around);
    case "refused":
      return refused(aboard, event.message);
    case "check in":
      return checkIn(aboard, event, around);
    case "located":
      return aboard.entering === null ? still(aboard) : enter(aboard, aboard.entering, event.position, around);
    case "not located":
      return aboard.entering === null ? still(aboard) : no({ ...aboard, entering: null }, { key: `aboard.locate.${event.why}` });
    case "let off":
      return letOff(aboard, event, around);
    case "stay on":
      return stayOn(aboard, around);
    case "check out":
      return leave(aboard, "check_out", current(aboard)?.ride_id, around);
    case "undo":
      return leave(aboard, "undo", event.rideId, around);
    case "correct":
      return leave(aboard, "correct", event.rideId, around, event.end === null ? {} : { [`${event.end}_stop_id`]: event.stopId });
    case "tick":
      return tick(aboard, around);
  }
}

/**
 * @param {Aboard} aboard
 * @returns {Step}
 */
function still(aboard) {
  return { aboard, effects: [] };
}

/**
 * @param {Aboard} aboard
 * @param {Said | string} said
 * @returns {Step}
 */
function no(aboard, said) {
  return { aboard: { ...aboard, problem: said }, effects: [{ type: "speak", said }] };
}

/** @param {Aboard} aboard @returns {Step} */
function offline(aboard) {
  return no(aboard, { key: "aboard.offline" });
}

/**
 * @param {Aboard} aboard
 * @param {BellMessage[] | null} bells complete when given
 * @param {RideMessage[] | null} rides complete when given
 * @param {Around} around
 * @returns {Step}
 */
function live(aboard, bells, rides, around) {
  const known = {
    ...aboard,
    bells: bells === null ? aboard.bells : Object.fromEntries(bells.map((bell) => [bell.bell_id, bell])),
    rides: rides === null ? aboard.rides : Object.fromEntries(rides.map((one) => [one.ride_id, one])),
  };
  const on = current(known);
  if (on !== null) return follow(known, on.vehicle_id, around);
  const waiting = known.entering?.message ?? null;
  return { aboard: known, effects: waiting === null ? [] : [{ type: "send", message: waiting }] };
}

/**
 * @param {Aboard} aboard
 * @param {string} vehicleId
 * @param {Around} around
 * @returns {Step}
 */
function follow(aboard, vehicleId, around) {
  const fresh = aboard.bus?.vehicle_id === vehicleId ? aboard : { ...aboard, bus: null, run: null, busTakenMs: around.nowMs, told: "" };
  return {
    aboard: fresh,
    effects: [
      { type: "send", message: { type: "follow", vehicle_id: vehicleId } },
      { type: "ask run", vehicleId },
    ],
  };
}

/**
 * @param {Aboard} aboard
 * @param {RideMessage} message
 * @param {Around} around
 * @returns {Step}
 */
function rideChanged(aboard, message, around) {
  const before = current(aboard);
  const known = aboard.rides[message.ride_id];
  const next = { ...aboard, rides: { ...aboard.rides, [message.ride_id]: message }, entering: null, problem: null };
  const on = current(next);
  /** @type {Effect[]} */
  const effects = known?.state === message.state ? [] : [{ type: "speak", said: { key: `ride.said.${message.state}` } }];
  if (before !== null && before.vehicle_id !== on?.vehicle_id) {
    effects.push({ type: "send", message: { type: "unfollow", vehicle_id: before.vehicle_id } });
  }
  if (on === null || on.vehicle_id === before?.vehicle_id) return { aboard: next, effects };
  const followed = follow(next, on.vehicle_id, around);
  return { aboard: followed.aboard, effects: [...effects, ...followed.effects] };
}

/**
 * @param {Aboard} aboard
 * @param {BusMessage} message
 * @param {Around} around
 * @returns {Step}
 */
function busMoved(aboard, message, around) {
  if (message.vehicle_id !== current(aboard)?.vehicle_id) return still(aboard);
  const next = { ...aboard, bus: message, busTakenMs: around.nowMs };
  /** @type {Effect[]} */
  const effects = message.trip_id !== null && message.trip_id !== aboard.bus?.trip_id && message.trip_id !== aboard.run?.trip_id ? [{ type: "ask run", vehicleId: message.vehicle_id }] : [];
  const told = tell(next, around);
  return { aboard: told.aboard, effects: [...effects, ...nextStop(aboard, next, around), ...told.effects] };
}

/**
 * @param {Aboard} aboard
 * @param {BellMessage} message
 * @param {Around} around
 * @returns {Step}
 */
function bellChanged(aboard, message, { lang }) {
  const known = aboard.bells[message.bell_id];
  const ringing = aboard.ringing?.bellId === message.bell_id ? null : aboard.ringing;
  const next = { ...aboard, ringing, bells: { ...aboard.bells, [message.bell_id]: message }, problem: null };
  if (known?.state === message.state || (known === undefined && aboard.ringing?.bellId !== message.bell_id && ENDS.has(message.state))) return still(next);
  /** @type {Effect[]} */
  const effects = [{ type: "speak", said: alightStory(message, next.run, lang) }];
  if (["shown", "arrived", "passed", "declined"].includes(message.state)) effects.push({ type: "buzz", pattern: [200] });
  return { aboard: next, effects };
}

/**
 * @param {Aboard} aboard
 * @param {Refused} message
 * @returns {Step}
 */
function refused(aboard, message) {
  if (aboard.ringing?.bellId === message.ref) return no({ ...aboard, ringing: null }, message.message);
  return no({ ...aboard, entering: null }, message.message);
}

/**
 * "I am on this bus": the code shown on board proves it; without it the device is asked where it is.
 *
 * @param {Aboard} aboard
 * @param {{ref: string, vehicleId: string | null, nonce: string | null}} wanted
 * @param {Around} around
 * @returns {Step}
 */
function checkIn(aboard, { ref, vehicleId, nonce }, around) {
  if (aboard.entering !== null) return still(aboard);
  /** @type {Entering} */
  const entering = { ref, vehicleId, nonce, message: null, sinceMs: around.nowMs };
  if (nonce !== null) return enter(aboard, entering, null, around);
  return { aboard: { ...aboard, entering, problem: null }, effects: [{ type: "locate aboard" }] };
}

/**
 * @param {Aboard} aboard
 * @param {Entering} entering
 * @param {Record<string, number> | null} position
 * @param {Around} around
 * @returns {Step}
 */
function enter(aboard, entering, position, { live: linked, nowMs, profile }) {
  /** @type {Frame} */
  const message = { type: "check_in", ref: entering.ref, party: profile.party };
  if (entering.nonce !== null) message["nonce"] = entering.nonce;
  else message["vehicle_id"] = entering.vehicleId;
  if (position !== null) message["position"] = { at_ms: nowMs, ...position };
  const next = { ...aboard, entering: { ...entering, message, sinceMs: nowMs }, problem: null };
  return { aboard: next, effects: linked ? [{ type: "send", message }] : [] };
}

/**
 * Tap a stop: the bell is with the server from now on, which tells the driver in time. Another stop takes its place.
 *
 * @param {Aboard} aboard
 * @param {{stopSequence: number, bellId: string}} wanted
 * @param {Around} around
 * @returns {Step}
 */
function letOff(aboard, { stopSequence, bellId }, { live: linked, nowMs, profile }) {
  const on = current(aboard);
  const stop = aboard.run?.stops.find((one) => one.stop_sequence === stopSequence);
  const before = openBell(aboard);
  if (on === null || stop === undefined || aboard.ringing !== null || before?.stop_sequence === stopSequence) return still(aboard);
  if (!linked) return offline(aboard);
  /** @type {Effect[]} */
  const effects = before === null ? [] : [{ type: "send", message: { type: "cancel", bell_id: before.bell_id } }];
  effects.push({
    type: "send",
    message: { type: "ring", bell_id: bellId, kind: "alight", ride_id: on.ride_id, vehicle_id: on.vehicle_id, stop_id: stop.stop_id, stop_sequence: stopSequence, party: profile.party, needs: profile.needs },
  });
  return { aboard: { ...aboard, ringing: { bellId, stopSequence, sentMs: nowMs }, problem: null }, effects };
}

/**
 * @param {Aboard} aboard
 * @param {Around} around
 * @returns {Step}
 */
function stayOn(aboard, { live: linked }) {
  const bell = openBell(aboard);
  if (bell === null) return still(aboard);
  return linked ? { aboard, effects: [{ type: "send", message: { type: "cancel", bell_id: bell.bell_id } }] } : offline(aboard);
}

/**
 * Said of a ride: got off; was not on it; got on or off elsewhere, or it is as it stands (the answer to a question).
 *
 * @param {Aboard} aboard
 * @param {"check_out" | "undo" | "correct"} type
 * @param {string | undefined} rideId
 * @param {Around} around
 * @param {Record<string, string>} [more]
 * @returns {Step}
 */
function leave(aboard, type, rideId, { live: linked }, more = {}) {
  if (rideId === undefined) return still(aboard);
  return linked ? { aboard: { ...aboard, problem: null }, effects: [{ type: "send", message: { type, ride_id: rideId, ...more } }] } : offline(aboard);
}

/**
 * @param {Aboard} aboard
 * @param {Around} around
 * @returns {Step}
 */
function tick(aboard, around) {
  const { ringing, entering } = aboard;
  if (ringing !== null && around.nowMs - ringing.sentMs > GIVEN_UP_MS) return no({ ...aboard, ringing: null }, { key: "aboard.unanswered" });
  if (entering !== null && entering.message !== null && around.nowMs - entering.sinceMs > GIVEN_UP_MS) {
    return no({ ...aboard, entering: null }, { key: "aboard.unanswered" });
  }
  return tell(aboard, around);
}
