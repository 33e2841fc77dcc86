import assert from "node:assert/strict";
import { test } from "node:test";

import { RADII_M, find, initialFinder, listed } from "/static/rider/ride/finder.js";
import { pathOf, placed } from "/static/rider/ride/map.js";

const T0 = 1_800_000_000_000;
const HERE = { lat: 37.26, lon: 127.03, accuracy_m: 10 };

/** @typedef {import("/static/rider/ride/finder.js").Finder} Finder */
/** @typedef {import("/static/rider/ride/finder.js").Event} Event */
/** @typedef {import("/static/rider/ride/api.js").StopItem} StopItem */

/**
 * @param {string} id
 * @param {number | null} distanceM
 * @returns {StopItem}
 */
function stop(id, distanceM = null) {
  return {
    stop_id: id, code: `c-${id}`, name: `이름 ${id}`, names: { en: `Name ${id}` }, towards: "다음", towards_names: {},
    lat: 37.26, lon: 127.03, distance_m: distanceM,
  };
}

/** @param {string} id */
function favourite(id) {
  return { stop_id: id, name: `이름 ${id}`, code: `c-${id}`, towards: "다음" };
}

/**
 * @param {Finder} finder
 * @param {...Event} events
 */
function after(finder, ...events) {
  /** @type {import("/static/rider/ride/finder.js").Step} */
  let now = { finder, effects: [] };
  for (const event of events) now = find(now.finder, event, T0);
  return now;
}

test("a text asks for stops; an answer to an earlier text is not shown", () => {
  const typed = after(initialFinder("ko", []), { type: "query", text: " 수원 " });
  assert.deepEqual(typed.effects, [{ type: "ask stops", text: "수원" }]);
  const late = after(typed.finder, { type: "found", text: "수", stops: [stop("old")] });
  assert.equal(late.finder.found, null);
  const found = after(typed.finder, { type: "found", text: "수원", stops: [stop("a")] });
  assert.deepEqual(listed(found.finder).map((one) => one.stop_id), ["a"]);
  const failed = after(typed.finder, { type: "found", text: "수원", stops: null });
  assert.equal(failed.finder.failed, true);
  const cleared = after(found.finder, { type: "query", text: "" });
  assert.deepEqual(cleared.effects, []);
});

test("favourites come first, with their distance when they are near, and no stop twice", () => {
  const { finder } = after(
    initialFinder("ko", [favourite("far"), favourite("b")]),
    { type: "here", here: HERE },
    { type: "near", stops: [stop("a", 20), stop("b", 80)] },
  );
  assert.deepEqual(listed(finder).map(({ stop_id: id, distanceM, favourite: kept }) => [id, distanceM, kept]), [
    ["far", null, true], ["b", 80, true], ["a", 20, false],
  ]);
});

test("names are in the reader's language where the network has them", () => {
  const { finder } = after(initialFinder("en", []), { type: "query", text: "x" }, { type: "found", text: "x", stops: [stop("a")] });
  assert.deepEqual(listed(finder).map(({ name, towards }) => [name, towards]), [["Name a", "다음"]]);
});

test("a place asks for stops, map and buses; buses again after a while, and not without a place", () => {
  const asked = after(initialFinder("ko", []), { type: "locate" });
  assert.deepEqual([asked.finder.locating, asked.effects], [true, [{ type: "ask place" }]]);
  const here = after(asked.finder, { type: "here", here: HERE });
  assert.deepEqual(here.effects.map((one) => one.type), ["ask near", "ask map", "ask buses"]);
  assert.deepEqual(find(here.finder, { type: "look again" }, T0 + 1_000).effects, []);
  assert.deepEqual(find(here.finder, { type: "look again" }, T0 + 6_000).effects.map((one) => one.type), ["ask buses"]);
  assert.deepEqual(find(asked.finder, { type: "look again" }, T0 + 60_000).effects, []);
  const nowhere = after(asked.finder, { type: "nowhere", why: "denied" });
  assert.deepEqual([nowhere.finder.locating, nowhere.finder.noPlace], [false, "denied"]);
});

test("the map goes closer and wider in steps, and stops at its ends", () => {
  let { finder } = after(initialFinder("ko", []), { type: "here", here: HERE });
  const closer = after(finder, { type: "zoom", closer: true });
  assert.deepEqual(closer.effects.map((one) => one.type), ["ask near", "ask map", "ask buses"], "list and map show the same stops");
  for (let i = 0; i < 5; i += 1) finder = after(finder, { type: "zoom", closer: true }).finder;
  assert.equal(finder.radiusM, RADII_M[0]);
  assert.deepEqual(after(finder, { type: "zoom", closer: true }).effects, []);
  for (let i = 0; i < 5; i += 1) finder = after(finder, { type: "zoom", closer: false }).finder;
  assert.equal(finder.radiusM, RADII_M.at(-1));
});

test("the map is in metres around the place: east to the right, north up", () => {
  const [x, y] = placed(HERE, HERE.lon + 0.001, HERE.lat + 0.001);
  assert.ok(Math.abs(x - 88.5) < 0.5, String(x));
  assert.ok(Math.abs(y + 111.2) < 0.1, String(y));
  const line = { geometry: { type: "MultiLineString", coordinates: [[[127.03, 37.26], [127.031, 37.26]], [[127.03, 37.261], [127.03, 37.262]]] }, properties: { kind: "pattern" } };
  assert.equal(pathOf(line, HERE).split("M").length - 1, 2);
});
