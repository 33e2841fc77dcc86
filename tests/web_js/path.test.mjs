import assert from "node:assert/strict";
import { test } from "node:test";

import { pathOf, placeOn } from "/static/driver/path.js";
import { UNKNOWN, alongM, metresBetween, moved, placed, told } from "/static/driver/progress.js";

const METRES_PER_DEGREE = 111_194.93;
/**
 * @param {number} x metres east
 * @param {number} y metres north
 * @returns {{lat: number, lon: number}}
 */
const place = (x, y) => ({ lat: 37 + y / METRES_PER_DEGREE, lon: 127 + x / METRES_PER_DEGREE / Math.cos((37 * Math.PI) / 180) });
/**
 * @param {...[number, number]} points
 * @returns {[number, number][]}
 */
const line = (...points) => points.map(([x, y]) => [place(x, y).lon, place(x, y).lat]);

test("metres are the server's: the path is stretched to the length it says", () => {
  const path = pathOf(line([0, 0], [0, 500], [500, 500]), 1010);
  assert.ok(path);
  assert.equal(Math.round(placeOn(path, place(5, 300), null) ?? NaN), 303);
  assert.equal(Math.round(placeOn(path, place(200, 490), null) ?? NaN), 707);
});

test("off the path there is no place", () => {
  const path = pathOf(line([0, 0], [0, 500]), 500);
  assert.ok(path);
  assert.equal(placeOn(path, place(100, 250), null), null);
});

test("out and back on one street: only a bus that was placed before can be told", () => {
  const path = pathOf(line([0, 0], [0, 1000], [3, 1000], [3, 0]), 2003);
  assert.ok(path);
  assert.equal(placeOn(path, place(1, 300), null), null);
  assert.equal(Math.round(placeOn(path, place(1, 300), 280) ?? NaN), 300);
  assert.equal(Math.round(placeOn(path, place(1, 300), 1650) ?? NaN), 1703);
});

test("paths of no length are none", () => {
  assert.equal(pathOf([], 0), null);
  assert.equal(pathOf(line([0, 0]), 10), null);
  assert.equal(pathOf(line([0, 0], [0, 0]), 10), null);
});

test("travelled metres: noise is not counted, a jump is not believed", () => {
  const at = (/** @type {number} */ y, /** @type {number} */ s) => ({ atMs: s * 1000, ...place(0, y), speedMps: null });
  let progress = [at(0, 0), at(4, 1), at(2, 2), at(9, 3)].reduce(moved, UNKNOWN);
  progress = placed(progress, 100);
  assert.equal(alongM(progress, 3000), 100);
  progress = moved(progress, at(49, 7));
  assert.equal(Math.round(alongM(progress, 7000) ?? NaN), 140);
  progress = moved(progress, at(2049, 8));
  assert.equal(Math.round(alongM(progress, 8000) ?? NaN), 140);
});

test("an old word about the place is no word about now; without positions there is none at all", () => {
  const here = moved(UNKNOWN, { atMs: 0, ...place(0, 0), speedMps: 10 });
  assert.equal(alongM(told(here, { stopAlongM: 600, distanceM: 200, ageMs: 6000 }), 0), null);
  const known = told(here, { stopAlongM: 600, distanceM: 200, ageMs: 100 });
  assert.equal(alongM(known, 1000), 410);
  assert.equal(alongM(known, 60_000), 430, "carried forward for three seconds at most");
  assert.equal(alongM(told(UNKNOWN, { stopAlongM: 600, distanceM: 200, ageMs: 0 }), 0), null);
});

test("short distances are right to a millimetre in a kilometre", () => {
  assert.ok(Math.abs(metresBetween(place(0, 0), place(300, 400)) - 500) < 0.05);
});
