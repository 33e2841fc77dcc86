import assert from "node:assert/strict";
import { test } from "node:test";

import { Places, ringsOf } from "/static/ops/live/places.js";

/** @returns {import("/static/ops/live/map/ground_worker.js").Outline} */
const outline = () => ({
  routes: [{ route_id: "R2", name: "88", agency_id: "A" }, { route_id: "R1", name: "9", agency_id: "A" }],
  stopIds: ["S1", "S2"], stopNames: ["하나", "둘"], stopX: Float64Array.of(0.1, 0.2), stopY: Float64Array.of(0.3, 0.4),
  box: null, attribution: "",
});

/** @param {string} stop_id @param {"board" | "alight"} kind @param {number} rung_ms */
const bell = (stop_id, kind, rung_ms) => /** @type {import("/static/shared/wire.d.ts").BellEvent} */ (/** @type {unknown} */ ({ stop_id, kind, rung_ms }));

test("before the outline has come ids stand for names, and no stop has a place", () => {
  const places = new Places();
  assert.deepEqual([places.routeName("R1"), places.routeIndex("R1"), places.stop("S1"), places.routes], ["R1", null, null, []]);
});

test("routes and stops are found by id, routes listed as people order them", () => {
  const places = new Places();
  places.take(outline());
  assert.deepEqual(places.routes.map(({ name }) => name), ["9", "88"]);
  assert.deepEqual([places.routeName("R2"), places.routeIndex("R1"), places.routeIndex(null)], ["88", 1, null]);
  assert.deepEqual(places.stop("S2"), { x: 0.2, y: 0.4 });
});

test("a stop has one ring for boarding and one for alighting, with the newest bell's time", () => {
  const places = new Places();
  places.take(outline());
  const rings = ringsOf(places, [bell("S1", "board", 5), bell("S1", "board", 9), bell("S1", "alight", 1), bell("gone", "board", 1)]);
  assert.deepEqual(rings.map(({ key, bells, rungMs, x }) => [key, bells, rungMs, x]), [["S1/board", 2, 9, 0.1], ["S1/alight", 1, 1, 0.1]]);
});
