import assert from "node:assert/strict";
import { test } from "node:test";

import { bboxOf, fitted, metresPerPixel, panned, project, unproject, zoomed } from "/static/ops/live/map/camera.js";
import { keyed } from "/static/ops/live/map/gestures.js";
import { LineSheet, thinned } from "/static/ops/live/map/lines.js";
import { latitude, longitude, metresAcross, worldX, worldY } from "/static/ops/live/map/mercator.js";
import { Painter } from "/static/ops/live/map/painter.js";
import { stopsGone, stripPicture } from "/static/ops/live/strip.js";

const SUWON = { lat: 37.2636, lon: 127.0286 };
const camera = { x: worldX(SUWON.lon), y: worldY(SUWON.lat), scale: 1e7, width: 800, height: 600 };
/** @param {number} a @param {number} b @param {number} [off] */
const near = (a, b, off = 1e-9) => assert.ok(Math.abs(a - b) <= off, `${a} is not ${b}`);

test("degrees go into the world and back", () => {
  near(longitude(worldX(SUWON.lon)), SUWON.lon);
  near(latitude(worldY(SUWON.lat)), SUWON.lat);
  assert.deepEqual([worldX(-180), worldX(180), worldY(0)], [0, 1, 0.5]);
  near(worldY(85.0511287798066), 0, 1e-9);
  near(metresAcross(0.5), 40_075_017, 1);
});

test("what is under the pointer stays there when the map is made larger", () => {
  const before = unproject(camera, 100, 500);
  const after = unproject(zoomed(camera, 4, 100, 500), 100, 500);
  near(after.x, before.x);
  near(after.y, before.y);
});

test("a push moves the world with the hand", () => {
  const at = project(panned(camera, 30, -20), camera.x, camera.y);
  near(at.px, 430, 1e-6);
  near(at.py, 280, 1e-6);
});

test("a box fits into the window, and the scale has its limits", () => {
  const box = { west: 0.8, east: 0.81, north: 0.39, south: 0.392 };
  const seen = fitted(camera, box);
  assert.ok(project(seen, box.west, box.north).px >= 63);
  assert.ok(project(seen, box.east, box.south).px <= 737);
  near(metresPerPixel(zoomed(camera, 1e9)), 0.25, 0.01);
  assert.equal(zoomed(camera, 1e-9).scale, 1024);
});

test("the server is told the corners in degrees", () => {
  const [west, south, east, north] = bboxOf(camera);
  assert.ok(west < SUWON.lon && SUWON.lon < east && south < SUWON.lat && SUWON.lat < north);
});

test("keys move the map, others do not", () => {
  assert.ok((keyed(camera, "ArrowRight")?.x ?? 0) > camera.x);
  assert.ok((keyed(camera, "ArrowDown")?.y ?? 0) > camera.y);
  assert.ok((keyed(camera, "ArrowLeft")?.x ?? 1) < camera.x);
  assert.ok((keyed(camera, "ArrowUp")?.y ?? 1) < camera.y);
  assert.equal(keyed(camera, "+")?.scale, 1.5e7);
  assert.ok((keyed(camera, "-")?.scale ?? 1e9) < 1e7);
  assert.equal(keyed(camera, "a"), null);
});

test("a stamp is put with its middle at a place, cut at the edges", () => {
  const picture = new Painter(4, 3, new Uint32Array(12));
  const stamp = { width: 2, height: 2, pixels: Uint32Array.of(0xff000001, 0xff000002, 0xff000003, 0xff000004) };
  picture.stamp(stamp, 1, 1);
  assert.deepEqual([...picture.pixels.slice(0, 6)], [0xff000001, 0xff000002, 0, 0, 0xff000003, 0xff000004]);
  picture.clear();
  picture.stamp(stamp, 4, 3);
  assert.deepEqual([...picture.pixels].filter((pixel) => pixel !== 0), [0xff000001]);
  picture.stamp(stamp, -5, -5);
  picture.stamp(stamp, 40, 1);
});

test("of two pixels the more opaque stays, of equals the later", () => {
  const picture = new Painter(1, 1, new Uint32Array(1));
  const dot = (/** @type {number} */ colour) => picture.stamp({ width: 1, height: 1, pixels: Uint32Array.of(colour) }, 0.5, 0.5);
  dot(0xff0000aa);
  dot(0x80000011);
  assert.equal(picture.pixels[0], 0xff0000aa);
  dot(0xff0000bb);
  assert.equal(picture.pixels[0], 0xff0000bb);
  dot(0);
  assert.equal(picture.pixels[0], 0xff0000bb);
});

test("lines are read from their steps, and a coarser one keeps its ends", () => {
  const sheet = new LineSheet([{ route: 0, direction_id: 0, path_e5: [3_726_000, 12_700_000, 1, 1, 1, 1, 1000, 0] }]);
  const line = sheet.lines[0];
  near(line?.levels[0]?.[0] ?? 0, worldX(127));
  near(line?.levels[0]?.[7] ?? 0, worldY(37.27002));
  assert.deepEqual(line?.levels.map((xy) => xy.length), [8, 4, 4]);
  near(sheet.box?.north ?? 0, worldY(37.27002));
  assert.equal(new LineSheet([]).box, null);
  assert.deepEqual([...thinned(Float64Array.of(0, 0, 0.1, 0, 0.2, 0), 1)], [0, 0, 0.2, 0]);
});

// -- the strip --------------------------------------------------------------------

const PATTERN = {
  pattern_id: "P", direction_id: 0, headsign: "", length_m: 3000, trips: 9, headway_s: 600,
  stops: [0, 1, 2, 3].map((i) => ({ stop_id: `S${i}`, stop_sequence: i, name: `${i}`, along_m: i * 1000, run_s: i * 200 })),
};

/**
 * @param {string} id
 * @param {number | null} progress_m
 * @param {object} changes
 */
const on = (id, progress_m, changes = {}) => /** @type {import("/static/shared/wire.d.ts").VehicleRow} */ (/** @type {unknown} */ ({ vehicle_id: id, pattern_id: "P", progress_m, stale: false, ...changes }));

test("a bus stands on the strip between the stops it is between", () => {
  assert.deepEqual([-5, 0, 500, 1000, 2750, 3000, 9999].map((m) => stopsGone(PATTERN, m)), [0, 0, 0.5, 1, 2.75, 3, 3]);
});

test("headways are what the timetable takes between two buses; under a quarter of the plan they have bunched", () => {
  const { buses, gaps, bunches } = stripPicture(PATTERN, [on("c", 2900), on("a", 0), on("b", 2250), on("d", 2950)], [], "R");
  assert.deepEqual(buses.map(({ row }) => row.vehicle_id), ["a", "b", "c", "d"]);
  assert.deepEqual(gaps.map(({ seconds, bunched }) => [Math.round(seconds), bunched]), [[450, false], [130, true], [10, true]]);
  assert.deepEqual(bunches, [{ from: 2.25, to: 2.95, buses: 3 }]);
});

test("without a planned headway only a minute is a bunch; silent buses and those of other ways are left out", () => {
  const rows = [on("a", 0), on("b", 290), on("c", 600), on("s", 610, { stale: true }), on("o", 600, { pattern_id: "Q" }), on("u", null)];
  const { buses, gaps } = stripPicture({ ...PATTERN, headway_s: null }, rows, [], "R");
  assert.equal(buses.length, 3);
  assert.deepEqual(gaps.map(({ bunched }) => bunched), [true, false]);
});

test("bells stand at their stops, of this route only", () => {
  const bell = (/** @type {string} */ stop_id, /** @type {string} */ route_id) => /** @type {import("/static/shared/wire.d.ts").BellEvent} */ (/** @type {unknown} */ ({ stop_id, route_id }));
  const { bells } = stripPicture(PATTERN, [], [bell("S1", "R"), bell("S1", "R"), bell("S2", "Q"), bell("X", "R")], "R");
  assert.deepEqual([...bells], [[1, 2]]);
});
