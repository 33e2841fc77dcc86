import assert from "node:assert/strict";
import { test } from "node:test";

import { endedBells, lines, openBells, secondsUntil, whyNot } from "/static/rider/stop/board.js";
import { cards } from "/static/rider/stop/card.js";
import { RING_GIVEN_UP_MS } from "/static/rider/stop/ringing.js";
import { initial, step } from "/static/rider/stop/state.js";
import { storyOf } from "/static/rider/stop/story.js";

const T0 = 1_800_000_000_000;

/** @typedef {import("/static/rider/stop/state.js").State} State */
/** @typedef {import("/static/rider/stop/state.js").Event} Event */
/** @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage */
/** @typedef {import("/static/shared/wire.d.ts").ArrivalRow} ArrivalRow */

/**
 * @param {Partial<ArrivalRow>} changes
 * @returns {ArrivalRow}
 */
function row(changes = {}) {
  return {
    route_id: "R88", route_name: "88", direction_id: 1, headsign: "광교중앙역", trip_id: "T", stop_sequence: 7,
    vehicle_id: "V1", plate: "경기70바1234", eta_s: 200, stops_away: 2, distance_m: 900, low_floor: null,
    seats_left: null, crowding: null, stale: false, age_s: 1, ringable: true, here: false, last_bus: false,
    bays_free: null, unsure: false, ...changes,
  };
}

/**
 * @param {BellMessage["state"]} state
 * @param {Partial<BellMessage>} changes
 * @returns {BellMessage}
 */
function bell(state, changes = {}) {
  return {
    type: "bell", seq: 1, bell_id: "b-1", kind: "board", state, stop_id: "S1", stop_sequence: 7, route_id: "R88",
    attempt: 1, at_ms: T0, vehicle_id: "V1", plate: "경기70바1234", eta_s: 200, ...changes,
  };
}

/**
 * @param {ArrivalRow[]} buses
 * @returns {import("/static/shared/wire.d.ts").Arrivals}
 */
const board = (buses) => ({ type: "arrivals", stop_id: "S1", at_ms: T0, buses });

/** @param {{nonce?: string | null, live?: boolean, buses?: ArrivalRow[]}} given */
function page({ nonce = "qr", live = true, buses = [row()] } = {}) {
  const state = initial(
    { stop_id: "S1", name: "", code: "", towards: "" },
    { nonce, board: board(buses), routeNames: {}, waiting: [], wish: { party: 1, needs: [] }, nowMs: T0 },
  );
  return live ? run(state, { type: "live", serverAtMs: T0, bells: [] }).state : state;
}

/**
 * @param {State} state
 * @param {...Event} events
 */
function run(state, ...events) {
  /** @type {import("/static/rider/stop/state.js").Effect[]} */
  const effects = [];
  for (const event of events) {
    const next = step(state, event, T0);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

/** @param {import("/static/rider/stop/state.js").Effect[]} effects */
const sent = (effects) => effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []));
/** @param {import("/static/rider/stop/state.js").Effect[]} effects */
const spoken = (effects) => effects.flatMap((effect) => (effect.type === "speak" ? [effect.said] : []));

/** @type {Event} */
const PRESS = { type: "press", line: "R88|1|광교중앙역|", bellId: "b-1" };

test("one tap with the nonce of the QR code rings at once, for any bus of the line", () => {
  const { state, effects } = run(page(), PRESS);
  const [ring] = sent(effects);
  assert.deepEqual(ring, {
    type: "ring", bell_id: "b-1", kind: "board", stop_id: "S1", route_id: "R88", direction_id: 1,
    party: 1, needs: [], presence: { nonce: "qr" },
  });
  assert.deepEqual(Object.keys(state.waiting), ["b-1"]);
});

test("a second tap on the same line rings nothing", () => {
  const once = run(page(), PRESS).state;
  assert.deepEqual(run(once, { ...PRESS, bellId: "b-2" }).effects, []);
});

test("without a nonce the place is asked for on the tap, and a refusal is explained", () => {
  const asked = run(page({ nonce: null }), PRESS);
  assert.deepEqual(asked.effects, [{ type: "locate" }]);
  const denied = run(asked.state, { type: "not located", why: "denied" });
  assert.deepEqual(denied.state.problem, { line: "R88|1|광교중앙역|", text: { key: "locate.denied" } });
  assert.equal(denied.state.locating, null);
  const position = { lat: 37.2, lon: 127, accuracy_m: 9 };
  const located = run(asked.state, { type: "located", bellId: "b-9", position });
  assert.deepEqual(sent(located.effects)[0]?.["presence"], position);
});

test("a ring made offline is kept, sent after the link is back, and is the same bell after every reconnect", () => {
  const offline = run(page({ live: false }), PRESS);
  assert.deepEqual(sent(offline.effects), []);
  assert.deepEqual(spoken(offline.effects), [{ key: "ring.offline" }]);
  const first = run(offline.state, { type: "live", serverAtMs: T0, bells: [] });
  assert.deepEqual(sent(first.effects).map((m) => m.type), ["watch", "ring"]);
  const again = run(first.state, { type: "lost", sinceMs: T0 }, { type: "live", serverAtMs: T0, bells: [] });
  assert.equal(sent(again.effects).find((m) => m.type === "ring")?.["bell_id"], "b-1");
  const answered = run(again.state, { type: "bell", message: bell("assigned") });
  assert.deepEqual(answered.state.waiting, {});
  assert.deepEqual(answered.effects[0], { type: "keep waiting", waiting: [] });
});

test("a ring that cannot be sent for two minutes is given up and said so", () => {
  const offline = run(page({ live: false }), PRESS).state;
  const late = step(offline, { type: "tick" }, T0 + RING_GIVEN_UP_MS);
  assert.deepEqual(late.state.waiting, {});
  assert.deepEqual(spoken(late.effects), [{ key: "ring.given_up" }]);
});

test("a refused ring has no bell: the server's words stand at the line", () => {
  const { state, effects } = run(page(), PRESS, {
    type: "refused",
    message: { type: "refused", ref: "b-1", reason: "not_at_stop", message: "정류장에서 240 m 떨어져 있어요." },
  });
  assert.deepEqual(state.waiting, {});
  assert.deepEqual(state.problem, { line: "R88|1|광교중앙역|", text: "정류장에서 240 m 떨어져 있어요." });
  assert.ok(spoken(effects).includes("정류장에서 240 m 떨어져 있어요."));
});

test("each change of state is spoken once, estimates never", () => {
  const shown = run(page(), PRESS, { type: "bell", message: bell("shown") });
  assert.deepEqual(spoken(shown.effects).map((said) => typeof said === "string" || said.key), ["story.shown"]);
  const ticks = run(shown.state, { type: "bell", message: bell("shown", { seq: 2, eta_s: 150 }) }, { type: "arrivals", message: board([row({ eta_s: 140 })]) });
  assert.deepEqual(ticks.effects, []);
});

test("passed: the rider hears it together with which bus was told instead", () => {
  const { state, effects } = run(
    page(),
    PRESS,
    { type: "bell", message: bell("shown") },
    { type: "bell", message: bell("passed") },
    { type: "bell", message: bell("waiting", { attempt: 1 }) },
    { type: "bell", message: bell("assigned", { attempt: 2, vehicle_id: "V2", plate: "경기70바5678", eta_s: 370 }) },
  );
  const last = spoken(effects).at(-1);
  assert.deepEqual(last, { key: "story.again.passed", values: { route: "88", plate: "경기70바5678", minutes: 6 } });
  const [open] = openBells(state);
  assert.ok(open);
  assert.equal(storyOf(open, state).key, "story.again.passed");
});

test("a bell that only moved to another bus does not claim a pass-by", () => {
  const { effects } = run(
    page(),
    PRESS,
    { type: "bell", message: bell("assigned") },
    { type: "bell", message: bell("waiting", { reason: "off_route" }) },
    { type: "bell", message: bell("assigned", { attempt: 2, vehicle_id: "V2", eta_s: 20 }) },
  );
  assert.deepEqual(
    spoken(effects).map((said) => typeof said === "string" || said.key),
    ["story.assigned", "story.waiting.off_route", "story.again.moved.soon"],
  );
});

test("a snapshot is complete: what it does not name is gone, and ended bells fold", () => {
  const before = run(page(), PRESS, { type: "bell", message: bell("shown") }).state;
  const after = run(before, { type: "lost", sinceMs: T0 }, { type: "live", serverAtMs: T0, bells: [] }).state;
  assert.deepEqual(openBells(after), []);
  const ended = run(before, { type: "live", serverAtMs: T0, bells: [bell("served")] });
  assert.equal(endedBells(ended.state).length, 1);
  assert.deepEqual(openBells(ended.state), []);
});

test("bells that had ended before the page opened are not announced", () => {
  const { effects } = run(page({ live: false }), { type: "live", serverAtMs: T0, bells: [bell("served")] });
  assert.deepEqual(spoken(effects), []);
});

test("cancel is sent once, said again after a reconnect, and a refusal gives the button back", () => {
  const open = run(page(), PRESS, { type: "bell", message: bell("shown") }).state;
  const cancelling = run(open, { type: "cancel", bellId: "b-1" }, { type: "cancel", bellId: "b-1" });
  assert.deepEqual(sent(cancelling.effects), [{ type: "cancel", bell_id: "b-1" }]);
  const again = run(cancelling.state, { type: "live", serverAtMs: T0, bells: null });
  assert.deepEqual(sent(again.effects).map((m) => m.type), ["watch", "cancel"]);
  const no = run(cancelling.state, { type: "refused", message: { type: "refused", ref: "b-1", reason: "busy", message: "잠시 뒤" } });
  assert.equal(openBells(no.state)[0]?.cancelling, false);
  assert.equal(openBells(no.state)[0]?.note, "잠시 뒤");
});

test("the board: the bus on a card is not listed twice, the next of the route joins its line", () => {
  const second = row({ vehicle_id: "V2", trip_id: "T2", stop_sequence: 5, eta_s: 900 });
  const other = row({ route_id: "R7", route_name: "7", vehicle_id: "V7", trip_id: "T7" });
  const calm = page({ buses: [row(), second, other] });
  assert.deepEqual(lines(calm).map((l) => [l.row.vehicle_id, l.nextRow?.vehicle_id]), [["V1", "V2"], ["V7", undefined]]);
  const rung = run(calm, PRESS, { type: "bell", message: bell("shown") }).state;
  assert.deepEqual(lines(rung).map((l) => [l.row.vehicle_id, l.taken]), [["V2", true], ["V7", false]]);
});

test("a bus that cannot be rung for does not hide the one that can", () => {
  const late = page({ buses: [row({ ringable: false, why_not: "too_late" }), row({ vehicle_id: "V2", trip_id: "T2", eta_s: 900 })] });
  assert.deepEqual(lines(late).map((l) => l.row.vehicle_id), ["V1", "V2"]);
});

test("a trip that calls here twice has two lines, and the tapped visit is named", () => {
  const loop = page({ buses: [row(), row({ stop_sequence: 15, eta_s: 1500 })] });
  assert.equal(lines(loop).length, 2);
  const { effects } = run(loop, { type: "press", line: "R88|1|광교중앙역|15", bellId: "b-1" });
  assert.equal(sent(effects)[0]?.["stop_sequence"], 15);
});

test("minutes on the card follow the board's row, and run down without it", () => {
  const state = page();
  assert.equal(secondsUntil(bell("shown", { eta_s: 500 }), state), 200);
  const later = { ...state, nowMs: T0 + 60_000 };
  assert.equal(secondsUntil(bell("shown", { vehicle_id: "V9", eta_s: 100 }), later), 40);
});

/** @param {Partial<State>} changes */
const inAWheelchair = (changes) => ({ ...page(), needs: /** @type {State["needs"]} */ (["wheelchair"]), ...changes });

test("a wheelchair aims at the low-floor bus behind an ordinary one, and only there", () => {
  const buses = [row({ low_floor: false }), row({ vehicle_id: "V2", trip_id: "T2", eta_s: 500, low_floor: true }), row({ vehicle_id: "V3", trip_id: "T3", eta_s: 900, low_floor: true })];
  const state = inAWheelchair({ board: board(buses) });
  assert.deepEqual(lines(state).map((l) => [l.row.vehicle_id, l.aimed, whyNot(l.row, state.needs)]), [
    ["V1", false, "why_not.no_low_floor"], ["V2", true, null], ["V3", true, null],
  ]);
  const ordinary = lines(state)[0]?.key ?? "";
  assert.deepEqual(run(state, { type: "press", line: ordinary, bellId: "b-1" }).effects, []);
  const { effects } = run(state, { type: "press", line: lines(state)[1]?.key ?? "", bellId: "b-2" });
  assert.equal(sent(effects)[0]?.["vehicle_id"], "V2");
  assert.equal(sent(run({ ...state, needs: [] }, PRESS).effects)[0]?.["vehicle_id"], undefined);
});

test("a floor that nobody knows is not a no; a bay that is taken is", () => {
  assert.equal(whyNot(row(), ["wheelchair"]), null);
  assert.equal(whyNot(row({ low_floor: true, bays_free: 0 }), ["wheelchair"]), "why_not.no_free_bay");
  assert.equal(whyNot(row({ low_floor: true, bays_free: 0 }), []), null);
});

test("without a link a bus whose time is long over is taken for gone", () => {
  const offline = page({ live: false, buses: [row({ eta_s: 30 }), row({ vehicle_id: "V2", trip_id: "T2", route_id: "R7", eta_s: 900 })] });
  assert.equal(lines({ ...offline, nowMs: T0 + 80_000 }).length, 2);
  assert.deepEqual(lines({ ...offline, nowMs: T0 + 100_000 }).map((l) => l.row.vehicle_id), ["V2"]);
  const live = { ...offline, nowMs: T0 + 100_000, link: { live: true, everLive: true, sinceMs: T0 } };
  assert.equal(lines(live).length, 2);
});

test("a board that the device had kept is as old as it is", () => {
  const given = { nonce: null, board: board([row()]), routeNames: {}, waiting: [], wish: { party: 1, needs: [] }, nowMs: T0 + 120_000 };
  const kept = initial({ stop_id: "S1", name: "", code: "", towards: "" }, { ...given, kept: true });
  assert.deepEqual([kept.boardTakenMs, kept.serverAheadMs], [T0, 0]);
  assert.equal(initial(kept.stop, given).boardTakenMs, T0 + 120_000);
});

test("after a pass-by the card leads to the report, before it does not", () => {
  const before = run(page(), PRESS, { type: "bell", message: bell("shown") }).state;
  const words = (/** @type {string} */ key) => key;
  assert.doesNotMatch(JSON.stringify(cards(before, words)), /report/);
  const after = run(before, { type: "bell", message: bell("passed") }, { type: "bell", message: bell("assigned", { attempt: 2 }) }).state;
  assert.match(JSON.stringify(cards(after, words)), /\/ride#\/report\/b-1/);
});
