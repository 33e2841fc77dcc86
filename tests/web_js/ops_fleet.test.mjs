import assert from "node:assert/strict";
import { test } from "node:test";

import { Fleet, KINDS, kindOf } from "/static/ops/live/fleet.js";
import { Ranks, bellOrder, busOrder, walked, windowOf } from "/static/ops/live/lists.js";
import { initial } from "/static/ops/live/state.js";

const T0 = 1_800_000_000_000;
const NO_FILTER = { search: "", routeId: "", garage: "", kind: /** @type {const} */ ("") };

/** @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow */

/**
 * @param {string} id
 * @param {Partial<VehicleRow>} changes
 * @returns {VehicleRow}
 */
function vehicle(id, changes = {}) {
  return {
    vehicle_id: id, plate: `경기70바${id}`, route_id: "R", route_name: "88", direction_id: 0, trip_id: "T", lat: 37, lon: 127,
    heading_deg: null, speed_mps: 3, phase: "in_service", on_route: true, next_stop_id: null, next_stop_name: null,
    progress_m: null, uncertainty_m: null, age_s: 2, stale: false, terminal: "up", alerts: 0, mismatch: false,
    n: Number(id) || null, pattern_id: null, garage: null, ...changes,
  };
}

/**
 * @param {VehicleRow[]} rows
 * @param {Fleet} [fleet]
 * @param {{full?: boolean, gone?: string[], atMs?: number}} [more]
 */
function told(rows, fleet = new Fleet(), { full = true, gone = [], atMs = T0 } = {}) {
  fleet.takeRows({ type: "vehicles", at_ms: atMs, full, vehicles: rows, gone }, atMs);
  return fleet;
}

/**
 * @param {Fleet} fleet
 * @param {number} n
 * @param {number} latE5
 * @param {number} atMs
 * @param {{heading?: number | null, ageS?: number}} [more]
 */
function move(fleet, n, latE5, atMs, { heading = null, ageS = 0 } = {}) {
  fleet.takeMoves({ type: "moves", at_ms: atMs, n: [n], lat_e5: [latE5], lon_e5: [12_700_000], heading_deg: [heading], speed_mps: [8.3], age_s: [ageS] }, atMs);
}

/** @param {Fleet} fleet */
const names = (fleet) => fleet.rows.flatMap((row) => (row === null ? [] : [row.vehicle_id]));

test("rows change one by one, go, and are replaced by a full list", () => {
  const fleet = told([vehicle("1"), vehicle("2")]);
  told([vehicle("2", { alerts: 4 })], fleet, { full: false, gone: ["1"] });
  assert.deepEqual([names(fleet), fleet.count, fleet.rows[fleet.slotOf("2") ?? -1]?.alerts], [["2"], 1, 4]);
  told([vehicle("3")], fleet);
  assert.deepEqual([names(fleet), fleet.slotOf("2")], [["3"], undefined]);
});

test("a place that has gone is used again, and its number then means the new bus", () => {
  const fleet = told([vehicle("1"), vehicle("2")]);
  told([vehicle("9", { n: 1 })], fleet, { full: false, gone: ["1"] });
  assert.equal(fleet.size, 2);
  move(fleet, 1, 3_710_000, T0 + 1000);
  assert.equal(fleet.gone(fleet.slotOf("9") ?? -1, T0 + 1000), 0, "it has just begun to glide");
  assert.equal(fleet.gone(fleet.slotOf("2") ?? -1, T0 + 1000), 1, "the other stands");
});

test("a bus glides from where it is drawn to where it is now, as long as fixes are apart", () => {
  const fleet = told([vehicle("1")]);
  const from = fleet.at(0, T0);
  move(fleet, 1, 3_700_100, T0 + 1000);
  const to = { x: fleet.toX[0] ?? 0, y: fleet.toY[0] ?? 0 };
  assert.deepEqual(fleet.at(0, T0 + 1000), from);
  const half = fleet.at(0, T0 + 1500);
  assert.ok(Math.abs(half.y - (from.y + to.y) / 2) < 1e-12);
  assert.deepEqual(fleet.at(0, T0 + 2000), to);
  move(fleet, 1, 3_700_200, T0 + 1500);
  assert.deepEqual(fleet.at(0, T0 + 1500), half, "a fix on the way bends the way, it does not jump");
});

test("a jump is no drive: the bus is there at once", () => {
  const fleet = told([vehicle("1")]);
  move(fleet, 1, 3_800_000, T0 + 1000);
  assert.equal(fleet.at(0, T0 + 1000).y, fleet.toY[0]);
});

test("an unknown heading is that of the last move", () => {
  const fleet = told([vehicle("1")]);
  move(fleet, 1, 3_700_100, T0 + 1000);
  assert.equal(Math.round(fleet.headingDeg[0] ?? NaN), 0);
  move(fleet, 1, 3_700_200, T0 + 2000, { heading: 90 });
  assert.equal(fleet.headingDeg[0], 90);
});

test("the age of a position runs on between messages", () => {
  const fleet = told([vehicle("1")]);
  assert.equal(fleet.ageS(0, T0 + 10_000), 12);
  move(fleet, 1, 3_700_100, T0 + 11_000, { ageS: 1 });
  assert.equal(fleet.ageS(0, T0 + 12_000), 2);
});

test("what is seen first of a bus: silent before astray before a bell before running", () => {
  assert.equal(kindOf(vehicle("1")), "running");
  assert.equal(kindOf(vehicle("1", { phase: "layover" })), "resting");
  assert.equal(kindOf(vehicle("1", { alerts: 1 })), "told");
  assert.equal(kindOf(vehicle("1", { alerts: 1, on_route: false })), "astray");
  assert.equal(kindOf(vehicle("1", { phase: "off_route", on_route: false })), "astray");
  assert.equal(kindOf(vehicle("1", { mismatch: true })), "astray");
  assert.equal(kindOf(vehicle("1", { mismatch: true, stale: true })), "silent");
  assert.equal(kindOf(vehicle("1", { terminal: "down" })), "silent");
});

test("ten thousand buses keep their places while the store grows", () => {
  const fleet = told(Array.from({ length: 10_300 }, (_, i) => vehicle(String(i + 1), { lat: 36 + i / 10_000 })));
  move(fleet, 10_300, 3_702_000, T0 + 1000);
  assert.equal(fleet.count, 10_300);
  assert.equal(fleet.kind.length >= 10_300, true);
  assert.notEqual(fleet.toY[0], fleet.toY[10_299]);
});

test("lines are ordered as people order them, by any column, either way", () => {
  const fleet = told(["88", "9", "G1300", "62-1"].map((route_name, i) => vehicle(String(i), { route_name, speed_mps: i, age_s: 9 - i })));
  const ranks = new Ranks();
  /** @param {string} column @param {boolean} [down] */
  const order = (column, down = false) => busOrder(fleet, NO_FILTER, { column, down }, T0, ranks).map((slot) => fleet.rows[slot]?.route_name);
  assert.deepEqual(order("route"), ["9", "62-1", "88", "G1300"]);
  assert.deepEqual(order("route", true), ["G1300", "88", "62-1", "9"]);
  assert.deepEqual(order("speed"), ["88", "9", "G1300", "62-1"]);
  assert.deepEqual(order("age"), ["62-1", "G1300", "9", "88"]);
  told([vehicle("7", { route_name: "1" })], fleet, { full: false });
  assert.equal(order("route")[0], "1", "a new name finds its place");
});

test("the worst state comes first when sorted by state", () => {
  const fleet = told([vehicle("1"), vehicle("2", { stale: true }), vehicle("3", { mismatch: true })]);
  assert.deepEqual(busOrder(fleet, NO_FILTER, { column: "state", down: false }, T0, new Ranks()).map((slot) => KINDS[fleet.kind[slot] ?? 0]), ["astray", "silent", "running"]);
});

test("filters leave only what they name, all of them together", () => {
  const fleet = told([vehicle("1", { garage: "수원" }), vehicle("2", { garage: "용인", route_id: "G", route_name: "G1300" }), vehicle("3", { garage: "수원", mismatch: true })]);
  /** @param {Partial<import("/static/ops/live/state.js").Filter>} change */
  const found = (change) => busOrder(fleet, { ...NO_FILTER, ...change }, { column: "bus", down: false }, T0, new Ranks()).map((slot) => fleet.rows[slot]?.vehicle_id);
  assert.deepEqual(found({ garage: "수원" }), ["1", "3"]);
  assert.deepEqual(found({ routeId: "G" }), ["2"]);
  assert.deepEqual(found({ kind: "astray" }), ["3"]);
  assert.deepEqual(found({ garage: "수원", kind: "running" }), ["1"]);
  assert.deepEqual(found({ search: " g13" }), ["2"]);
  assert.deepEqual(found({ search: "70바3" }), ["3"]);
});

test("bells carry the plate of their bus and are found by stop", () => {
  const fleet = told([vehicle("1")]);
  const event = (/** @type {string} */ bell, /** @type {object} */ changes) => ({ type: /** @type {const} */ ("bell_event"), bell, kind: /** @type {const} */ ("board"), state: /** @type {const} */ ("assigned"), stop_id: "S", stop_name: "수원시청 앞", route_id: "R", attempt: 1, party: 1, needs: [], at_ms: T0, rung_ms: T0, ...changes });
  const bells = { a: event("a", { vehicle_id: "1" }), b: event("b", { stop_name: "화서역", rung_ms: T0 + 1, vehicle_id: "gone" }) };
  const state = { ...initial(T0), bells };
  const lines = bellOrder(state, fleet, () => "88");
  assert.deepEqual(lines.map((line) => [line.bell, line.plate, line.routeName]), [["b", "gone", "88"], ["a", "경기70바1", "88"]]);
  assert.deepEqual(bellOrder({ ...state, filter: { ...NO_FILTER, search: "화서" } }, fleet, () => "88").map((line) => line.bell), ["b"]);
});

test("of a long list only what is seen is drawn, and a little around it", () => {
  assert.deepEqual(windowOf(10_300, { top: 0, height: 440 }), { first: 0, end: 16 });
  assert.deepEqual(windowOf(10_300, { top: 44_000, height: 440 }), { first: 994, end: 1016 });
  assert.deepEqual(windowOf(3, { top: 44_000, height: 440 }), { first: 0, end: 3 });
});

test("keys walk the list and stay in it", () => {
  assert.equal(walked("ArrowDown", -1, 10, 440), 0);
  assert.equal(walked("ArrowUp", -1, 10, 440), 0);
  assert.equal(walked("ArrowDown", 9, 10, 440), 9);
  assert.equal(walked("PageDown", 0, 100, 440), 9);
  assert.equal(walked("PageUp", 4, 100, 440), 0);
  assert.equal(walked("End", 0, 100, 440), 99);
  assert.equal(walked("x", 0, 100, 440), null);
  assert.equal(walked("ArrowDown", -1, 0, 440), null);
});
