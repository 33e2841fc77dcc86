import assert from "node:assert/strict";
import { test } from "node:test";

import { TREMBLE_MS, TRIES, answerOf, openPress } from "/static/rider/kiosk/presses.js";
import { REST_MS, buttons, initial, onScreen, screens, step } from "/static/rider/kiosk/state.js";

const T0 = 1_800_000_000_000;

/** @typedef {import("/static/rider/kiosk/state.js").State} State */
/** @typedef {import("/static/rider/kiosk/state.js").Event} Event */
/** @typedef {import("/static/rider/kiosk/state.js").Effect} Effect */
/** @typedef {import("/static/shared/wire.d.ts").ArrivalRow} ArrivalRow */

/**
 * @param {string} route
 * @param {Partial<ArrivalRow>} changes
 * @returns {ArrivalRow}
 */
function row(route, changes = {}) {
  return {
    route_id: route, route_name: route, direction_id: 0, headsign: "광교", trip_id: route, stop_sequence: 3,
    vehicle_id: `V${route}`, plate: "경기70바1234", eta_s: 200, stops_away: 2, distance_m: 900, low_floor: null,
    seats_left: null, crowding: null, stale: false, age_s: 1, ringable: true, here: false, last_bus: false,
    bays_free: null, unsure: false, ...changes,
  };
}

/** @param {string} route */
const key = (route) => `${route}|0|광교|`;

/** @param {{rows?: ArrivalRow[], enrolled?: boolean}} given */
function kiosk({ rows = [row("88")], enrolled = true } = {}) {
  /** @type {import("/static/shared/wire.d.ts").Arrivals} */
  const board = { type: "arrivals", stop_id: "S1", at_ms: T0, buses: rows };
  const stop = { stop_id: "S1", name: "", code: "", towards: "" };
  return step(initial(stop, { board, lang: "ko", enrolled, nowMs: T0 }), { type: "live" }, T0).state;
}

/**
 * @param {State} state
 * @param {number} nowMs
 * @param {...Event} events
 */
function run(state, nowMs, ...events) {
  /** @type {Effect[]} */
  const effects = [];
  for (const event of events) {
    const next = step(state, event, nowMs);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

/** @param {Effect[]} effects */
const rung = (effects) => effects.flatMap((effect) => (effect.type === "ring" ? [effect.request] : []));
/** @param {Effect[]} effects */
const spoken = (effects) => effects.flatMap((effect) => (effect.type === "speak" ? [typeof effect.said === "string" ? effect.said : effect.said.key] : []));

/** @type {Event} */
const PRESS = { type: "press", key: key("88"), bellId: "b-1" };

/**
 * @param {import("/static/shared/wire.d.ts").BellMessage["state"]} state
 * @param {number} attempt
 * @returns {Event}
 */
function told(state, attempt = 1) {
  return {
    type: "told", bellId: "b-1",
    message: { type: "bell", seq: 0, bell_id: "b-1", kind: "board", state, stop_id: "S1", stop_sequence: 3, route_id: "88", attempt, at_ms: T0, eta_s: 200 },
  };
}

test("a press rings with nothing of who or where, and says so", () => {
  const { effects } = run(kiosk(), T0, PRESS);
  assert.deepEqual(rung(effects), [{ bell_id: "b-1", kind: "board", stop_id: "S1", route_id: "88", needs: [], direction_id: 0 }]);
  assert.deepEqual(spoken(effects), ["kiosk.sending"]);
});

test("a trembling finger rings once, a second person rings again", () => {
  const once = run(kiosk(), T0, PRESS, told("assigned")).state;
  const again = run(once, T0 + TREMBLE_MS - 1, { ...PRESS, bellId: "b-2" });
  assert.deepEqual([rung(again.effects), spoken(again.effects)], [[], ["kiosk.bell.assigned"]]);
  assert.equal(rung(run(once, T0 + TREMBLE_MS, { ...PRESS, bellId: "b-3" }).effects).length, 1);
});

test("where it cannot ring, the answer says why", () => {
  /** @type {[State, string][]} */
  const cases = [
    [kiosk({ enrolled: false }), "kiosk.not_enrolled"],
    [kiosk({ rows: [row("88", { ringable: false, why_not: "too_late" })] }), "kiosk.why_not.too_late"],
    [kiosk({ rows: [row("88", { here: true, ringable: false })] }), "kiosk.here"],
    [run(kiosk(), T0, { type: "lost", sinceMs: T0 }).state, "kiosk.offline"],
    [run(kiosk({ rows: [row("88", { low_floor: false })] }), T0, { type: "wheelchair" }).state, "kiosk.why_not.no_low_floor"],
  ];
  for (const [state, said] of cases) {
    const { effects } = run(state, T0, PRESS);
    assert.deepEqual([rung(effects), spoken(effects)], [[], [said]]);
  }
});

test("buttons stand by route and keep their place when another bus comes nearer", () => {
  const rows = ["G1300", "88", "7", "11-1", "301", "62-1", "7770"].map((name, i) => row(name, { eta_s: 100 + i }));
  const state = kiosk({ rows });
  assert.deepEqual(buttons(state).map((line) => line.row.route_name), ["7", "11-1", "62-1", "88", "301", "7770", "G1300"]);
  assert.equal(onScreen(state).length, 6);
  assert.equal(screens(state), 2);
  const second = run(state, T0, { type: "more" }).state;
  assert.deepEqual(onScreen(second).map((line) => line.row.route_name), ["G1300"]);
  assert.equal(run(second, T0, { type: "more" }).state.screen, 0);
});

test("after twenty seconds without a touch the screen is as everybody finds it, and bells live on", () => {
  const used = run(kiosk(), T0, { type: "wheelchair" }, { type: "language" }, PRESS, told("shown")).state;
  assert.deepEqual([used.lang, used.needs], ["en", ["wheelchair"]]);
  assert.equal(run(used, T0 + REST_MS - 1, { type: "tick" }).state.answer === null, false);
  const rested = run(used, T0 + REST_MS, { type: "tick" });
  assert.deepEqual([rested.state.lang, rested.state.needs, rested.state.answer, rested.state.screen], ["ko", [], null, 0]);
  assert.ok(rested.effects.some((effect) => effect.type === "rest"));
  assert.ok(openPress(rested.state, key("88")));
  assert.deepEqual(run(rested.state, T0 + 3 * REST_MS, { type: "tick" }).effects.filter((effect) => effect.type === "rest"), []);
});

test("a ring without an answer is the same ring again, and is given up aloud", () => {
  let state = run(kiosk(), T0, PRESS).state;
  /** @type {Effect[]} */
  let effects = [];
  for (let i = 1; i <= TRIES; i++) ({ state, effects } = run(state, T0 + i * 2_500, { type: "tick" }));
  assert.deepEqual(spoken(effects), ["kiosk.failed"]);
  assert.deepEqual(effects.filter((effect) => effect.type === "take back"), [{ type: "take back", bellId: "b-1" }]);
  assert.deepEqual(state.presses, {});
});

test("each state is said once; after the rest only what somebody who waits must hear", () => {
  const open = run(kiosk(), T0, PRESS, told("assigned"));
  assert.deepEqual(spoken(run(open.state, T0, told("assigned"), told("shown")).effects), ["kiosk.bell.shown"]);
  const rested = run(open.state, T0 + REST_MS, { type: "tick" }).state;
  assert.deepEqual(spoken(run(rested, T0 + REST_MS, told("shown")).effects), []);
  assert.deepEqual(spoken(run(rested, T0 + REST_MS, told("passed")).effects), ["kiosk.bell.passed"]);
  assert.ok(run(rested, T0 + REST_MS + 3_000, { type: "tick" }).effects.some((effect) => effect.type === "ask"));
  const ended = run(rested, T0 + REST_MS, told("served")).state;
  assert.equal(openPress(ended, key("88")), undefined);
});

test("a wheelchair aims at the low-floor bus, and a refusal is said in the server's words", () => {
  const low = row("88", { low_floor: true });
  const on = run(kiosk({ rows: [low] }), T0, { type: "wheelchair" }).state;
  const [line] = buttons(on);
  assert.ok(line);
  const asked = run(on, T0, { type: "press", key: line.key, bellId: "b-1" });
  assert.equal(rung(asked.effects)[0]?.vehicle_id, "V88");
  const no = run(asked.state, T0, { type: "refused", bellId: "b-1", text: "버스가 이미 지나갔어요." });
  assert.deepEqual(spoken(no.effects), ["버스가 이미 지나갔어요."]);
  assert.deepEqual(no.state.presses, {});
});

test("a tablet whose token has run out says so to whoever has just pressed", () => {
  const pressed = run(kiosk(), T0, PRESS).state;
  const out = run(pressed, T0, { type: "enrolled", yes: false });
  assert.deepEqual([out.state.enrolled, out.state.presses, spoken(out.effects)], [false, {}, ["kiosk.not_enrolled"]]);
  const rung = run(pressed, T0, told("assigned")).state;
  const later = run(rung, T0, { type: "enrolled", yes: false });
  assert.deepEqual([Object.keys(later.state.presses), later.effects], [["b-1"], []]);
});

test("what is said of a bell names its second bus", () => {
  const again = told("assigned", 2);
  assert.ok(again.type === "told");
  const said = answerOf({ .../** @type {any} */ ({}), route: "88", message: again.message });
  assert.deepEqual(said, { key: "kiosk.bell.again", values: { route: "88", plate: "", minutes: 3 } });
});
