import assert from "node:assert/strict";
import { test } from "node:test";

import { lostItsWay, question } from "/static/driver/asking.js";
import { actionOf } from "/static/driver/keys.js";
import { BELL_OFF_MS, bellOff, maySignOn, mayTouch, metresTo, nextStopName, routeWanted, screen } from "/static/driver/screen.js";
import { TESTED_MS, initial, step } from "/static/driver/state.js";

const T0 = 1_800_000_000_000;
const METRES_PER_DEGREE = 111_194.93;

/** @typedef {import("/static/driver/state.js").State} State */
/** @typedef {import("/static/driver/state.js").Event} Event */
/** @typedef {import("/static/driver/state.js").Effect} Effect */
/** @typedef {import("/static/shared/wire.d.ts").AlertMessage} AlertMessage */

/** @type {import("/static/shared/wire.d.ts").TripMessage} */
const TRIP = {
  type: "trip", seq: 1, trip_id: "T1", start_date: "20261121", route_id: "R88", route_name: "88", headsign: "광교중앙역",
  pattern_id: "P1",
  stops: [0, 1, 2, 3].map((i) => ({ stop_id: `S${i}`, stop_sequence: i, name: `정류장 ${i}`, along_m: i * 300 })),
};

/**
 * @param {number} sequence
 * @param {Partial<AlertMessage>} changes
 * @returns {AlertMessage}
 */
function alert(sequence, changes = {}) {
  return {
    type: "alert", seq: 2, alert_id: `A${sequence}`, trip_id: "T1", stop_id: `S${sequence}`, stop_sequence: sequence,
    stop_name: `정류장 ${sequence}`, stage: "ahead", boarding: 1, alighting: 0, needs: [], distance_m: 200, eta_s: 20,
    valid_until_along_m: sequence * 300 + 30, at_ms: T0, ...changes,
  };
}

/** @type {import("/static/driver/routes.js").RouteDetail} */
const DETAIL = {
  route_id: "R88", name: "88",
  patterns: [{
    pattern_id: "P1", direction_id: 0, headsign: "광교중앙역", length_m: 900,
    geometry: { coordinates: [[127, 37], [127, 37 + 900 / METRES_PER_DEGREE]] },
  }],
};

/** A bus on its trip with a live link. @param {Partial<State>} changes */
function bus(changes = {}) {
  const state = { ...initial({ nowMs: T0, sounded: {}, positions: true }), ...changes };
  return run(state, { type: "live", serverAtMs: T0, snapshot: { trip: TRIP, alerts: [] } }).state;
}

/**
 * @param {State} state
 * @param {...(Event | [Event, number])} events an event, or an event and its time after T0 in ms
 */
function run(state, ...events) {
  /** @type {Effect[]} */
  const effects = [];
  for (const one of events) {
    const [event, afterMs] = Array.isArray(one) ? one : [one, state.nowMs - T0];
    const next = step(state, event, T0 + afterMs);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

/**
 * @param {number} alongM
 * @param {number} afterMs
 * @param {number | null} [speedMps]
 * @returns {[Event, number]}
 */
function at(alongM, afterMs, speedMps = null) {
  const position = { atMs: T0 + afterMs, lat: 37 + alongM / METRES_PER_DEGREE, lon: 127, speedMps, headingDeg: null, accuracyM: 5 };
  return [{ type: "position", position }, afterMs];
}

/** @param {Effect[]} effects */
const sounds = (effects) => effects.flatMap((effect) => (effect.type === "sound" ? [effect.chime] : []));
/**
 * @param {Effect[]} effects
 * @param {string} type
 */
const sent = (effects, type) => effects.flatMap((effect) => (effect.type === "send" && effect.message.type === type ? [effect.message] : []));

test("at most two sounds a stop visit, however often the alert changes", () => {
  const { effects } = run(
    bus(),
    { type: "alert", message: alert(1) },
    { type: "alert", message: alert(1, { boarding: 3 }) },
    { type: "alert", message: alert(1, { stage: "now", boarding: 3 }) },
    { type: "alert", message: alert(1, { stage: "now", boarding: 2, needs: ["wheelchair"] }) },
    { type: "clear", message: { type: "clear", seq: 9, alert_id: "A1", outcome: "cancelled", at_ms: T0 } },
  );
  assert.deepEqual(sounds(effects), ["boarding", "boarding"]);
});

test("no second sound once the bus has begun to slow", () => {
  const rolling = run(bus(), at(0, 0, 14), { type: "alert", message: alert(1) }, at(14, 1000, 14)).state;
  assert.deepEqual(sounds(run(rolling, at(24, 2000, 9), { type: "alert", message: alert(1, { stage: "now" }) }).effects), []);
  assert.deepEqual(sounds(run(rolling, at(28, 2000, 14), { type: "alert", message: alert(1, { stage: "now" }) }).effects), ["boarding"]);
});

test("boarding, alighting and needs sound differently", () => {
  assert.deepEqual(sounds(run(bus(), { type: "alert", message: alert(1, { boarding: 0, alighting: 1 }) }).effects), ["alighting"]);
  assert.deepEqual(sounds(run(bus(), { type: "alert", message: alert(1, { needs: ["blind"] }) }).effects), ["need"]);
});

test("an alert that sounded before a reload is put back silently", () => {
  const heard = run(bus(), { type: "alert", message: alert(1) });
  const kept = heard.effects.findLast((effect) => effect.type === "keep sounded");
  assert.ok(kept?.type === "keep sounded");
  const reloaded = initial({ nowMs: T0, sounded: kept.sounded, positions: true });
  const back = run(reloaded, { type: "live", serverAtMs: T0, snapshot: { trip: TRIP, alerts: [alert(1)] } });
  assert.equal(screen(back.state).main?.alert_id, "A1");
  assert.deepEqual(sounds(back.effects), []);
});

test("only the next stop with bells, and a chip for the one after; the chip makes no sound", () => {
  const { state, effects } = run(
    bus(),
    { type: "alert", message: alert(2, { distance_m: 500 }) },
    { type: "alert", message: alert(1) },
    { type: "alert", message: alert(3, { distance_m: 800 }) },
  );
  assert.equal(screen(state).main?.stop_sequence, 1);
  assert.equal(screen(state).after?.stop_sequence, 2);
  assert.deepEqual(sounds(effects), ["boarding", "boarding"], "stop 2 sounded while it was the next, then stop 1");
});

test("a stop behind the bus is never shown, link or no link", () => {
  const near = run(bus({ detail: DETAIL }), at(200, 0), { type: "alert", message: alert(1) }).state;
  const cut = run(near, { type: "lost", heardMs: T0 }, at(260, 4000), at(331, 9000)).state;
  assert.equal(screen(cut).main, null);
  const late = run(near, at(331, 9000), { type: "alert", message: alert(1, { boarding: 2 }) }).state;
  assert.equal(screen(late).main, null);
});

test("an alert from before the link whose commit point has passed is never replayed", () => {
  const [near, far] = [at(240, 0, 12), at(100, 0, 12)];
  const back = (/** @type {[Event, number]} */ place) =>
    run(bus({ detail: DETAIL }), place, { type: "lost", heardMs: T0 }, [{ type: "live", serverAtMs: T0 + 1000, snapshot: { trip: TRIP, alerts: [alert(1, { at_ms: T0 })] } }, 1000]);
  assert.equal(screen(back(near).state).main, null, "60 m before the stop at 12 m/s: 96 m are needed");
  assert.deepEqual(sounds(back(near).effects), []);
  const again = run(back(near).state, { type: "alert", message: alert(1, { at_ms: T0 + 2000, boarding: 5 }) });
  assert.equal(screen(again.state).main, null, "nor when it changes");
  assert.equal(screen(back(far).state).main?.alert_id, "A1");
  const known = run(bus({ detail: DETAIL }), at(200, 0, 12), { type: "alert", message: alert(1) }, at(240, 500, 12), { type: "lost", heardMs: T0 });
  const kept = run(known.state, [{ type: "live", serverAtMs: T0 + 1000, snapshot: { trip: TRIP, alerts: [alert(1)] } }, 1000]);
  assert.equal(screen(kept.state).main?.alert_id, "A1", "what he has seen before stays");
});

test("where the own place is unknown an old alert goes out of date", () => {
  const state = run(bus(), { type: "alert", message: alert(1, { eta_s: 20 }) }).state;
  assert.ok(screen(run(state, [{ type: "tick" }, 79_000]).state).main);
  assert.equal(screen(run(state, [{ type: "tick" }, 81_000]).state).main, null);
});

test("an alert of another trip is not ours; a new trip drops the old one's", () => {
  assert.equal(screen(run(bus(), { type: "alert", message: alert(1, { trip_id: "T9" }) }).state).main, null);
  const turned = run(bus(), { type: "alert", message: alert(1) }, { type: "trip", message: { ...TRIP, trip_id: "T2" } }).state;
  assert.equal(screen(turned).main, null);
});

test("a need is never taken down again by a later ordinary bell", () => {
  const { state } = run(bus(), { type: "alert", message: alert(1, { needs: ["wheelchair"] }) }, { type: "alert", message: alert(1, { boarding: 2 }) });
  assert.deepEqual(screen(state).main?.needs, ["wheelchair"]);
});

test("shown is said once it was painted, once, and again after a reconnect", () => {
  const state = run(bus(), { type: "alert", message: alert(1) }).state;
  const first = run(state, { type: "painted", alertIds: ["A1"] }, { type: "painted", alertIds: ["A1"] });
  assert.deepEqual(sent(first.effects, "shown").map((m) => m["alert_id"]), ["A1"]);
  const offline = run(state, { type: "lost", heardMs: T0 }, { type: "painted", alertIds: ["A1"] });
  assert.deepEqual(offline.effects, []);
  const back = run(first.state, { type: "live", serverAtMs: T0, snapshot: null }, { type: "painted", alertIds: ["A1"] });
  assert.equal(sent(back.effects, "shown").length, 1);
});

test("BELL OFF comes once the link has been silent, and from a screen that another has replaced", () => {
  const lost = run(bus(), { type: "lost", heardMs: T0 }).state;
  assert.equal(bellOff(run(lost, [{ type: "tick" }, BELL_OFF_MS]).state), false);
  assert.equal(bellOff(run(lost, [{ type: "tick" }, BELL_OFF_MS + 1]).state), true);
  assert.equal(bellOff(run(bus(), { type: "door", door: "superseded" }).state), true);
});

test("an answer needs a standing bus and an alert, and is given once", () => {
  const moving = run(bus(), at(0, 0, 9), { type: "alert", message: alert(1) }).state;
  assert.equal(mayTouch(moving), false);
  assert.deepEqual(run(moving, { type: "answer", answer: "full" }).effects, []);
  const standing = run(moving, at(0, 1000, 0.2)).state;
  assert.equal(mayTouch(standing), true);
  const answered = run(standing, { type: "answer", answer: "full" }, { type: "answer", answer: "cannot_stop" });
  assert.deepEqual(sent(answered.effects, "respond").map((m) => m["answer"]), ["full"]);
  const stale = run(standing, [{ type: "tick" }, 7000]).state;
  assert.equal(mayTouch(stale), false, "a speed of long ago says nothing");
});

test("a physical key answers a moving bus; a touch does not", () => {
  const moving = run(bus(), at(0, 0, 9), { type: "alert", message: alert(1) }).state;
  const seen = run(moving, { type: "key", action: "ok" }, { type: "key", action: "ok" });
  assert.deepEqual(sent(seen.effects, "respond").map((m) => [m["answer"], m["by"]]), [["ok", "key"]]);
  const full = run(seen.state, { type: "key", action: "full" }, { type: "key", action: "cannot_stop" });
  assert.deepEqual(sent(full.effects, "respond").map((m) => [m["answer"], m["by"]]), [["full", "key"]]);
  const cut = run(moving, { type: "lost", heardMs: T0 }, { type: "key", action: "full" });
  assert.deepEqual(sent(cut.effects, "respond"), [], "without a link nobody hears it");
});

test("a key means what the table says, once a press, and nothing while somebody types", () => {
  const table = /** @type {const} */ ({ F2: "full" });
  assert.equal(actionOf(table, { code: "F2", repeat: false, typing: false }), "full");
  assert.equal(actionOf(table, { code: "F2", repeat: true, typing: false }), null);
  assert.equal(actionOf(table, { code: "F2", repeat: false, typing: true }), null);
  assert.equal(actionOf(table, { code: "KeyQ", repeat: false, typing: false }), null);
});

/** @param {Partial<import("/static/shared/wire.d.ts").SuggestedRun>} changes */
const suggestion = (changes = {}) => ({
  trip_id: "T7", start_date: "20261121", route_id: "R88", route_name: "88", direction_id: 0, headsign: "광교중앙역", departs_ms: T0, ...changes,
});

test("a standing bus without a run asks which it is, every ten seconds; yes signs it on and tests sound and screen", () => {
  const idle = run(initial({ nowMs: T0, sounded: {}, positions: true }), { type: "live", serverAtMs: T0, snapshot: { trip: null, alerts: [] } }).state;
  assert.deepEqual(sent(run(idle, at(0, 0, 9)).effects, "suggest"), [], "not while it moves");
  const stands = run(idle, at(0, 0, 0), at(0, 1000, 0), at(0, 5000, 0), at(0, 10_000, 0));
  assert.equal(sent(stands.effects, "suggest").length, 2);
  const told = run(stands.state, { type: "suggestions", message: { type: "suggestions", ref: "s", mismatch: false, runs: [suggestion(), suggestion({ trip_id: "T8" })] } }).state;
  assert.equal(question(told)?.trip_id, "T7");
  const yes = run(told, { type: "yes" });
  assert.deepEqual(sent(yes.effects, "sign_on"), [{ type: "sign_on", ref: "sign-on", trip_id: "T7", start_date: "20261121" }]);
  assert.ok(yes.effects.some((effect) => effect.type === "self test"));
  assert.deepEqual(sent(run(told, { type: "key", action: "ok" }).effects, "sign_on").length, 1);
  const other = run(told, { type: "other" }).state;
  assert.equal(question(other), null);
  assert.equal(question(run(told, at(20, 11_000, 9)).state), null, "a moving bus is asked nothing");
  const nothing = run(stands.state, { type: "suggestions", message: { type: "suggestions", ref: "s", mismatch: false, runs: [] } }, at(0, 12_000, 0), at(0, 12_500, 0));
  assert.equal(sent(nothing.effects, "suggest").length, 1, "sooner again after an answer without a run");
  const noted = run(stands.state, { type: "refused", message: { type: "refused", ref: "suggest-1", reason: "rate_limited", message: "x" } }).state;
  assert.equal(noted.note, null);
});

test("a wrong sign-on is told only while the bus stands, and may be kept", () => {
  const stands = run(bus(), at(0, 0, 0));
  assert.equal(sent(stands.effects, "suggest").length, 1, "a signed-on bus asks once each time it comes to stand");
  assert.equal(sent(run(stands.state, at(0, 11_000, 0)).effects, "suggest").length, 0);
  const told = run(stands.state, { type: "suggestions", message: { type: "suggestions", ref: "s", mismatch: true, runs: [suggestion()] } }).state;
  assert.equal(question(told)?.trip_id, "T7");
  assert.equal(question(run(told, at(9, 1000, 9)).state), null);
  const choosing = run(told, { type: "other" }).state;
  assert.equal(choosing.choosing, true);
  assert.equal(run(choosing, at(9, 1000, 9)).state.choosing, false, "the form is gone once the wheels turn");
  assert.equal(run(choosing, { type: "keep" }).state.choosing, false);
  const lost = run(stands.state, { type: "suggestions", message: { type: "suggestions", ref: "s", mismatch: true, runs: [] } }).state;
  assert.equal(lostItsWay(lost), true);
  assert.equal(lostItsWay(run(lost, at(9, 1000, 9)).state), false);
  const fine = run(stands.state, { type: "suggestions", message: { type: "suggestions", ref: "s", mismatch: false, runs: [] } }).state;
  assert.equal(fine.proposal, null);
});

test("an inferred run is asked about until the driver confirms it", () => {
  const inferred = run(bus(), { type: "trip", message: { ...TRIP, inferred: true } }, at(0, 0, 0)).state;
  const told = run(inferred, { type: "suggestions", message: { type: "suggestions", ref: "s", mismatch: false, runs: [suggestion({ trip_id: TRIP.trip_id })] } }).state;
  assert.equal(question(told)?.trip_id, TRIP.trip_id);
  assert.equal(question(run(told, { type: "alert", message: alert(1) }).state), null, "an alert has the screen");
  const confirmed = run(told, { type: "yes" }, { type: "trip", message: TRIP }).state;
  assert.equal(question(confirmed), null);
});

test("the self-test runs, is said, and goes", () => {
  const running = run(bus(), { type: "testing", chime: "boarding" }).state;
  assert.equal(running.selfTest?.running, "boarding");
  const done = run(running, { type: "tested", sound: true, screen: false }).state;
  assert.deepEqual(done.selfTest, { running: null, sound: true, screen: false, untilMs: T0 + TESTED_MS });
  assert.equal(run(done, [{ type: "tick" }, TESTED_MS]).state.selfTest, null);
});

test("speed comes from positions where the receiver gives none", () => {
  assert.equal(mayTouch(run(bus(), at(0, 0), at(10, 1000)).state), false);
  assert.equal(mayTouch(run(bus(), at(0, 0), at(0, 1000)).state), true);
  assert.equal(mayTouch(run(bus(), at(0, 0)).state), false, "one position is no speed");
});

test("fixes go out once a second; the newest without a link is said when it is back", () => {
  const { effects } = run(bus(), at(0, 0), at(3, 300), at(10, 1000));
  assert.deepEqual(sent(effects, "fix").map((m) => m["n"]), [1, 2]);
  const cut = run(bus(), { type: "lost", heardMs: T0 }, at(10, 1000), at(20, 2000));
  assert.deepEqual(sent(cut.effects, "fix"), []);
  const back = run(cut.state, [{ type: "live", serverAtMs: T0 + 3000, snapshot: null }, 3000]);
  assert.deepEqual(sent(back.effects, "fix").map((m) => m["at_ms"]), [T0 + 2000]);
});

test("the next stop and the metres come from the own place on the trip's path", () => {
  const state = run(bus({ detail: DETAIL }), at(200, 0, 0), { type: "alert", message: alert(1, { distance_m: 120 }) }).state;
  assert.equal(nextStopName(state), "정류장 1");
  assert.equal(Math.round(metresTo(alert(1), state)), 100);
  const served = run(state, { type: "clear", message: { type: "clear", seq: 9, alert_id: "A1", outcome: "served", at_ms: T0 } }).state;
  assert.equal(nextStopName(served), "정류장 2");
  assert.deepEqual(served.ended, { stopName: "정류장 1", outcome: "served", untilMs: T0 + 2000 });
  assert.equal(run(served, [{ type: "tick" }, 2000]).state.ended, null);
});

test("without positions of our own the bar follows the server's estimate", () => {
  const state = run(bus(), { type: "alert", message: alert(1) }).state;
  assert.equal(metresTo(alert(1), state), 200);
  assert.equal(metresTo(alert(1), run(state, [{ type: "tick" }, 10_000]).state), 100);
  assert.equal(metresTo(alert(1), run(state, [{ type: "tick" }, 60_000]).state), 0);
});

test("signing on: offered to a bus without a trip that is not known to move; a refusal gives the form back", () => {
  const idle = run(initial({ nowMs: T0, sounded: {}, positions: true }), { type: "live", serverAtMs: T0, snapshot: { trip: null, alerts: [] } }).state;
  assert.equal(maySignOn(idle), true);
  assert.equal(maySignOn(run(idle, at(0, 0, 10)).state), false);
  const asked = run(idle, { type: "choose route", routeId: "R88" });
  assert.equal(routeWanted(asked.state), "R88");
  assert.equal(routeWanted(run(asked.state, { type: "route", detail: DETAIL }).state), null);
  const on = run(asked.state, { type: "sign on", choice: { route_id: "R88", direction_id: 0 } });
  assert.deepEqual(sent(on.effects, "sign_on"), [{ type: "sign_on", ref: "sign-on", route_id: "R88", direction_id: 0 }]);
  const no = run(on.state, { type: "refused", message: { type: "refused", ref: "sign-on", reason: "not_in_service", message: "운행 없음" } }).state;
  assert.equal(no.signingOn, false);
  assert.equal(no.note?.text, "운행 없음");
});
