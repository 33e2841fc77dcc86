import assert from "node:assert/strict";
import { test } from "node:test";

import { GIVEN_UP_MS, initialAboard, ride } from "/static/rider/ride/aboard.js";
import { choices, correctable } from "/static/rider/ride/fix.js";
import { current, endedBell, openBell, way } from "/static/rider/ride/onboard.js";
import { ridden } from "/static/rider/ride/ridden.js";
import { nearness, stripOf } from "/static/rider/ride/strip.js";

const T0 = 1_800_000_000_000;

/** @typedef {import("/static/rider/ride/aboard.js").Aboard} Aboard */
/** @typedef {import("/static/rider/ride/aboard.js").Event} Event */
/** @typedef {import("/static/rider/ride/aboard.js").Effect} Effect */
/** @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage */
/** @typedef {import("/static/shared/wire.d.ts").BusMessage} BusMessage */
/** @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage */

/** @type {import("/static/rider/ride/api.js").BusRun} */
const RUN = {
  vehicle_id: "V1", plate: "경기70바1234", route_id: "R", route_name: "88", direction_id: 0, headsign: "끝", trip_id: "T",
  low_floor: true, lat: 37, lon: 127, heading_deg: null, next_stop_id: null, next_stop_name: null, next_stop_names: {},
  stale: false, age_s: 0, distance_m: null,
  stops: [0, 1, 2, 3].map((i) => ({ stop_id: `S${i}`, stop_sequence: i * 10, name: `정류장 ${i}`, names: { en: `Stop ${i}` }, along_m: i * 400, alighting: i > 0 })),
};

/**
 * @param {RideMessage["state"]} state
 * @param {Partial<RideMessage>} changes
 * @returns {RideMessage}
 */
function onRide(state, changes = {}) {
  return {
    type: "ride", seq: 1, ride_id: "r-1", state, vehicle_id: "V1", plate: "경기70바1234", route_id: "R", route_name: "88", party: 1,
    confidence: 0.99, began_ms: T0, at_ms: T0, evidence: [], board_stop_id: "S0", board_stop_sequence: 0, ...changes,
  };
}

/**
 * @param {Partial<BusMessage>} changes
 * @returns {BusMessage}
 */
function bus(changes = {}) {
  return {
    type: "bus", vehicle_id: "V1", at_ms: T0, trip_id: "T", lat: 37, lon: 127, progress_m: 500, next_stop_sequence: 20, here: false,
    etas_s: [60, 140], seats_left: null, crowding: null, stale: false, age_s: 1, ...changes,
  };
}

/**
 * @param {BellMessage["state"]} state
 * @param {Partial<BellMessage>} changes
 * @returns {BellMessage}
 */
function bell(state, changes = {}) {
  return { type: "bell", seq: 1, bell_id: "b-1", kind: "alight", state, stop_id: "S3", stop_sequence: 30, route_id: "R", attempt: 1, at_ms: T0, vehicle_id: "V1", ...changes };
}

/**
 * @param {Aboard} aboard
 * @param {Event} event
 * @param {{nowMs?: number, live?: boolean, needs?: import("/static/shared/wire.d.ts").Need[]}} [around]
 */
function step(aboard, event, { nowMs = T0, live = true, needs = /** @type {import("/static/shared/wire.d.ts").Need[]} */ (["slow"]) } = {}) {
  return ride(aboard, event, { nowMs, live, profile: { party: 2, needs }, lang: "ko" });
}

/**
 * @param {Effect[]} effects
 * @returns {string[]} what the server is sent
 */
function sent(effects) {
  return effects.flatMap((one) => (one.type === "send" ? [one.message.type] : []));
}

/**
 * @param {Effect[]} effects
 * @returns {string[]} keys of what is spoken
 */
function spoken(effects) {
  return effects.flatMap((one) => (one.type === "speak" ? [typeof one.said === "string" ? one.said : one.said.key] : []));
}

/** @param {...Event} more */
function aboardBus(...more) {
  let { aboard } = step(initialAboard(), { type: "ride", message: onRide("aboard") });
  aboard = step(aboard, { type: "run", run: RUN }).aboard;
  aboard = step(aboard, { type: "bus", message: bus() }).aboard;
  for (const event of more) aboard = step(aboard, event).aboard;
  return aboard;
}

test("the strip says which stops come, when, and how far the bus is to the next", () => {
  const strip = stripOf(RUN, bus(), 10);
  assert.deepEqual(strip?.ahead.map(({ stop, inS, away }) => [stop.stop_id, inS, away]), [["S2", 50, 1], ["S3", 130, 2]]);
  assert.deepEqual([strip?.before?.stop_id, strip?.share, strip?.here], ["S1", 0.25, false]);
  assert.equal(stripOf(RUN, bus({ here: true }), 0)?.share, 1);
  assert.equal(stripOf(RUN, bus({ trip_id: "other" }), 0), null);
  assert.equal(stripOf(RUN, bus({ next_stop_sequence: null }), 0), null);
  assert.equal(stripOf(RUN, bus({ next_stop_sequence: 0, etas_s: [] }), 0)?.before, null);
});

test("the end of a ride comes nearer: far, ready, now", () => {
  const at = (/** @type {Partial<BusMessage>} */ changes) => {
    const strip = stripOf(RUN, bus(changes), 0);
    assert.ok(strip);
    return nearness(strip, 30);
  };
  assert.equal(at({}), "far");
  assert.equal(at({ etas_s: [10, 85] }), "ready", "one stop before, but soon");
  assert.equal(at({ next_stop_sequence: 30, etas_s: [120] }), "ready", "it is the next stop");
  assert.equal(at({ next_stop_sequence: 30, etas_s: [15] }), "now");
  assert.equal(at({ next_stop_sequence: 30, etas_s: [0], here: true }), "now");
  const strip = stripOf(RUN, bus(), 0);
  assert.ok(strip);
  assert.equal(nearness(strip, null), "far");
});

test("a check-in asks where the device is, and sends that; a code needs no place", () => {
  const asked = step(initialAboard(), { type: "check in", ref: "x", vehicleId: "V1", nonce: null });
  assert.deepEqual(asked.effects, [{ type: "locate aboard" }]);
  const again = step(asked.aboard, { type: "check in", ref: "y", vehicleId: "V2", nonce: null });
  assert.deepEqual(again.effects, [], "one at a time");
  const sentNow = step(asked.aboard, { type: "located", position: { lat: 1, lon: 2, accuracy_m: 3 } });
  assert.deepEqual(sentNow.effects, [
    { type: "send", message: { type: "check_in", ref: "x", party: 2, vehicle_id: "V1", position: { at_ms: T0, lat: 1, lon: 2, accuracy_m: 3 } } },
  ]);
  const byCode = step(initialAboard(), { type: "check in", ref: "x", vehicleId: null, nonce: "V1.abc" });
  assert.deepEqual(byCode.effects, [{ type: "send", message: { type: "check_in", ref: "x", party: 2, nonce: "V1.abc" } }]);
  const nowhere = step(asked.aboard, { type: "not located", why: "denied" });
  assert.deepEqual([nowhere.aboard.entering, spoken(nowhere.effects)], [null, ["aboard.locate.denied"]]);
});

test("a check-in made before the link is there waits for it, for a moment, and in sight", () => {
  const early = step(initialAboard(), { type: "check in", ref: "x", vehicleId: null, nonce: "V1.abc" }, { live: false });
  assert.deepEqual([early.effects, early.aboard.entering?.nonce], [[], "V1.abc"]);
  assert.deepEqual(sent(step(early.aboard, { type: "live", bells: [], rides: [] }).effects), ["check_in"]);
  const late = step(early.aboard, { type: "tick" }, { nowMs: T0 + GIVEN_UP_MS + 1, live: false });
  assert.deepEqual([late.aboard.entering, spoken(late.effects)], [null, ["aboard.unanswered"]]);
});

test("a refusal is said in the server's words, and another try is open", () => {
  const asked = step(initialAboard(), { type: "check in", ref: "x", vehicleId: null, nonce: "V1.abc" });
  const no = step(asked.aboard, { type: "refused", message: { type: "refused", reason: "not_on_board", message: "멀어요.", ref: "x" } });
  assert.deepEqual([no.aboard.entering, no.aboard.problem, spoken(no.effects)], [null, "멀어요.", ["멀어요."]]);
});

test("a ride is followed from its first word to its last, and said once in each state", () => {
  const begun = step(initialAboard(), { type: "ride", message: onRide("detected") });
  assert.deepEqual(sent(begun.effects), ["follow"]);
  assert.deepEqual(spoken(begun.effects), ["ride.said.detected"]);
  const same = step(begun.aboard, { type: "ride", message: onRide("detected", { confidence: 1 }) });
  assert.deepEqual(same.effects, []);
  const over = step(begun.aboard, { type: "ride", message: onRide("alighted") });
  assert.deepEqual(sent(over.effects), ["unfollow"]);
  assert.equal(current(over.aboard), null);
});

test("after a lost link the bus is followed again, and rides that the server forgot are gone", () => {
  const back = step(aboardBus(), { type: "live", bells: [], rides: [onRide("aboard")] });
  assert.deepEqual(sent(back.effects), ["follow"]);
  const gone = step(aboardBus(), { type: "live", bells: [], rides: [] });
  assert.equal(current(gone.aboard), null);
  const resumed = step(aboardBus(), { type: "live", bells: null, rides: null });
  assert.deepEqual(sent(resumed.effects), ["follow"]);
});

test("a tap rings for that stop; another stop takes its place; the same one does nothing", () => {
  const first = step(aboardBus(), { type: "let off", stopSequence: 30, bellId: "b-1" });
  const [rung] = first.effects;
  assert.ok(rung?.type === "send");
  assert.deepEqual(
    [rung.message["kind"], rung.message["ride_id"], rung.message["stop_id"], rung.message["stop_sequence"], rung.message["party"]],
    ["alight", "r-1", "S3", 30, 2],
  );
  const kept = step(first.aboard, { type: "bell", message: bell("assigned") });
  assert.deepEqual(spoken(kept.effects), ["alight.story.assigned"]);
  assert.deepEqual(step(kept.aboard, { type: "let off", stopSequence: 30, bellId: "b-2" }).effects, []);
  const other = step(kept.aboard, { type: "let off", stopSequence: 20, bellId: "b-2" });
  assert.deepEqual(sent(other.effects), ["cancel", "ring"]);
  const stay = step(kept.aboard, { type: "stay on" });
  assert.deepEqual(stay.effects, [{ type: "send", message: { type: "cancel", bell_id: "b-1" } }]);
  const ended = step(kept.aboard, { type: "bell", message: bell("cancelled") });
  assert.equal(openBell(ended.aboard), null);
});

test("without a link nothing is queued: the bus's own button is named", () => {
  for (const event of /** @type {Event[]} */ ([{ type: "let off", stopSequence: 30, bellId: "b-1" }, { type: "check out" }])) {
    const no = step(aboardBus(), event, { live: false });
    assert.deepEqual([sent(no.effects), spoken(no.effects), no.aboard.ringing], [[], ["aboard.offline"], null]);
  }
});

test("what nobody answers is given up aloud", () => {
  const rung = step(aboardBus(), { type: "let off", stopSequence: 30, bellId: "b-1" });
  assert.deepEqual(step(rung.aboard, { type: "tick" }, { nowMs: T0 + 1_000 }).effects, []);
  const late = step(rung.aboard, { type: "tick" }, { nowMs: T0 + GIVEN_UP_MS + 1 });
  assert.deepEqual([late.aboard.ringing, spoken(late.effects)], [null, ["aboard.unanswered"]]);
  const entering = step(initialAboard(), { type: "check in", ref: "x", vehicleId: null, nonce: "n" });
  const lost = step(entering.aboard, { type: "tick" }, { nowMs: T0 + GIVEN_UP_MS + 1 });
  assert.deepEqual([lost.aboard.entering, spoken(lost.effects)], [null, ["aboard.unanswered"]]);
});

test("get ready and now are each said and felt once for a bell", () => {
  let aboard = aboardBus({ type: "let off", stopSequence: 30, bellId: "b-1" }, { type: "bell", message: bell("assigned") });
  const far = step(aboard, { type: "bus", message: bus() });
  assert.deepEqual(spoken(far.effects), []);
  const ready = step(far.aboard, { type: "bus", message: bus({ next_stop_sequence: 30, etas_s: [70] }) });
  assert.deepEqual([spoken(ready.effects), ready.effects.some((one) => one.type === "buzz")], [["alight.ready"], true]);
  const still = step(ready.aboard, { type: "bus", message: bus({ next_stop_sequence: 30, etas_s: [60] }) });
  assert.deepEqual(spoken(still.effects), []);
  const now = step(still.aboard, { type: "bus", message: bus({ next_stop_sequence: 30, etas_s: [10] }) });
  assert.deepEqual(spoken(now.effects), ["alight.now"]);
  aboard = step(now.aboard, { type: "bus", message: bus({ next_stop_sequence: 30, etas_s: [40] }) }).aboard;
  assert.deepEqual(spoken(step(aboard, { type: "tick" }).effects), [], "a red light before the stop is no second warning");
});

test("another bus's news is not ours; a new trip of ours asks for its stops", () => {
  const aboard = aboardBus();
  assert.equal(step(aboard, { type: "bus", message: bus({ vehicle_id: "V9" }) }).aboard.bus?.vehicle_id, "V1");
  const turned = step(aboard, { type: "bus", message: bus({ trip_id: "T2" }) });
  assert.deepEqual(turned.effects, [{ type: "ask run", vehicleId: "V1" }]);
  assert.equal(way(turned.aboard, T0), null, "the stops of another trip are not shown");
});

test("who got off elsewhere chooses among the later stops of that run; who got on elsewhere among the earlier", () => {
  const pattern = { stops: RUN.stops };
  const rode = onRide("alighted", { board_stop_id: "S1", board_stop_sequence: 10, alight_stop_id: "S3", alight_stop_sequence: 30 });
  assert.deepEqual(choices([{ stops: [] }, pattern], rode, "alight", "en").map((one) => one.name), ["Stop 2", "Stop 3"]);
  assert.deepEqual(choices([pattern], rode, "board", "ko").map((one) => one.stop_id), ["S0", "S1", "S2"]);
  assert.deepEqual(choices([], rode, "board", "ko"), []);
  assert.deepEqual(correctable(rode), ["board", "alight"]);
  assert.deepEqual([correctable(onRide("settled")), correctable(onRide("asked", { question: "board" })), correctable(onRide("asked"))], [[], ["board"], ["alight"]]);
  const said = step(aboardBus(), { type: "correct", rideId: "r-1", end: "alight", stopId: "S2" });
  assert.deepEqual(said.effects, [{ type: "send", message: { type: "correct", ride_id: "r-1", alight_stop_id: "S2" } }]);
});

test("a receipt's map shows the ridden part of the run and nothing else", () => {
  const stops = RUN.stops.map((stop, i) => ({ ...stop, lat: 37 + i * 0.0036, lon: 127 }));
  const line = /** @type {[number, number][]} */ ([0, 1, 2, 3, 4, 5, 6].map((i) => [127 + (i % 2) * 1e-6, 37 + i * 0.0018]));
  const pattern = { stops, length_m: 1200, geometry: { coordinates: line } };
  const rode = onRide("settled", { board_stop_id: "S1", board_stop_sequence: 10, alight_stop_id: "S2", alight_stop_sequence: 20 });
  const way = ridden([pattern], rode, "en");
  assert.deepEqual(way?.stops.map((one) => one.name), ["Stop 1", "Stop 2"]);
  assert.ok(way && way.height >= 395 && way.height <= 405, String(way?.height));
  assert.ok(way.line.length <= 4);
  assert.equal(ridden([pattern], onRide("aboard"), "en"), null, "one end is not known yet");
});

test("who cannot see hears each next stop once; others are left in peace", () => {
  const moved = bus({ next_stop_sequence: 30, etas_s: [200] });
  const told = step(aboardBus(), { type: "bus", message: moved }, { needs: ["blind"] });
  assert.deepEqual(told.effects, [{ type: "speak", said: { key: "ride.next", values: { stop: "정류장 3" } } }]);
  assert.deepEqual(step(told.aboard, { type: "bus", message: moved }, { needs: ["blind"] }).effects, []);
  assert.deepEqual(step(aboardBus(), { type: "bus", message: moved }).effects, []);
});

test("how a bell ended stays in sight for a while", () => {
  const { aboard } = step(aboardBus(), { type: "bell", message: bell("served") });
  assert.equal(endedBell(aboard, T0 + 60_000)?.state, "served");
  assert.equal(endedBell(aboard, T0 + 600_000), null);
  assert.equal(endedBell(aboardBus({ type: "bell", message: bell("assigned") }), T0), null);
});
