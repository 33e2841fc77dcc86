import assert from "node:assert/strict";
import { test } from "node:test";

import { bellLines, busLines, initial, step } from "/static/ops/live/state.js";

const T0 = 1_800_000_000_000;

/** @typedef {import("/static/ops/live/state.js").State} State */
/** @typedef {import("/static/ops/live/state.js").Event} Event */

/**
 * @param {string} id
 * @param {Partial<import("/static/shared/wire.d.ts").VehicleRow>} changes
 * @returns {import("/static/shared/wire.d.ts").VehicleRow}
 */
function vehicle(id, changes = {}) {
  return {
    vehicle_id: id, plate: `경기70바${id}`, route_id: "R", route_name: "88", direction_id: 0, trip_id: "T", lat: 0, lon: 0,
    heading_deg: null, speed_mps: 3, phase: "in_service", on_route: true, next_stop_id: null, next_stop_name: null,
    progress_m: null, uncertainty_m: null, age_s: 2, stale: false, terminal: "up", alerts: 0, mismatch: false, ...changes,
  };
}

/**
 * @param {string} handle
 * @param {Partial<import("/static/shared/wire.d.ts").BellEvent>} changes
 * @returns {Event}
 */
function bell(handle, changes = {}) {
  return {
    type: "bell_event",
    message: {
      type: "bell_event", bell: handle, kind: "board", state: "waiting", stop_id: "S", stop_name: "수원시청 앞", route_id: "R",
      attempt: 1, party: 1, needs: [], at_ms: T0, rung_ms: T0, ...changes,
    },
  };
}

/**
 * @param {boolean} full
 * @param {import("/static/shared/wire.d.ts").VehicleRow[]} vehicles
 * @param {string[]} gone
 * @returns {Event}
 */
const vehicles = (full, vehicles, gone = []) => ({ type: "vehicles", message: { type: "vehicles", at_ms: T0, full, vehicles, gone } });

/**
 * @param {State} state
 * @param {...Event} events
 */
const run = (state, ...events) => events.reduce((now, event) => step(now, event, T0).state, state);
const start = () => run(initial(T0), { type: "live", serverAtMs: T0 });

test("after each welcome both lists are asked for again", () => {
  const { effects, state } = step(initial(T0), { type: "live", serverAtMs: T0 + 5 }, T0);
  assert.deepEqual(effects.map((effect) => effect.message["what"]), ["network", "bells"]);
  assert.equal(state.serverAheadMs, 5);
  assert.equal(busLines(state), null, "unknown until told: the page shows a skeleton");
  assert.deepEqual(bellLines(state), []);
});

test("rows change one by one, go, and are replaced by a full list", () => {
  let state = run(start(), vehicles(true, [vehicle("1"), vehicle("2")]), vehicles(false, [vehicle("2", { alerts: 4 })], ["1"]));
  assert.deepEqual(busLines(state)?.map((line) => [line.vehicle_id, line.alerts]), [["2", 4]]);
  state = run(state, vehicles(true, [vehicle("3")]));
  assert.deepEqual(busLines(state)?.map((line) => line.vehicle_id), ["3"]);
});

test("the age of a position runs on between messages", () => {
  const state = { ...run(start(), vehicles(true, [vehicle("1")])), nowMs: T0 + 10_000 };
  assert.equal(busLines(state)?.[0]?.ageS, 12);
});

test("lines are ordered as people order them, by any column, either way", () => {
  const names = ["88", "9", "G1300", "62-1"];
  let state = run(start(), vehicles(true, names.map((route_name, i) => vehicle(String(i), { route_name, speed_mps: i }))));
  const order = () => busLines(state)?.map((line) => line.route_name);
  assert.deepEqual(order(), ["9", "62-1", "88", "G1300"]);
  state = run(state, { type: "order", section: "buses", column: "route" });
  assert.deepEqual(order(), ["G1300", "88", "62-1", "9"]);
  state = run(state, { type: "order", section: "buses", column: "speed" });
  assert.deepEqual(order(), names);
});

test("search finds route, plate and stop in both lists", () => {
  const state = run(start(), vehicles(true, [vehicle("1"), vehicle("2", { route_name: "G1300" })]), bell("b1"), bell("b2", { stop_name: "화서역" }), { type: "search", text: "화서" });
  assert.deepEqual(busLines(state), []);
  assert.deepEqual(bellLines(state)?.map((line) => line.bell), ["b2"]);
  assert.deepEqual(busLines(run(state, { type: "search", text: "g13" }))?.map((line) => line.vehicle_id), ["2"]);
});

test("ended bells leave after ten minutes, open ones never", () => {
  const state = run(start(), bell("old", { state: "served", at_ms: T0 - 601_000 }), bell("new", { state: "served" }), bell("open", { at_ms: T0 - 3_600_000 }), { type: "tick" });
  assert.deepEqual(bellLines(state)?.map((line) => line.bell).sort(), ["new", "open"]);
});
