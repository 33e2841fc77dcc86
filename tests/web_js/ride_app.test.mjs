import assert from "node:assert/strict";
import { test } from "node:test";

import { app, initialApp, placeOf } from "/static/rider/ride/state.js";
import { initialSheets, sheet } from "/static/rider/ride/sheets.js";
import { listenApp } from "/static/rider/ride/socket.js";

const T0 = 1_800_000_000_000;

/** @typedef {import("/static/rider/ride/state.js").State} State */
/** @typedef {import("/static/rider/ride/state.js").Event} Event */

/** @returns {State} */
function fresh() {
  const favourites = [{ stop_id: "F", name: "즐겨찾기", code: "1", towards: "" }];
  return initialApp({ lang: "ko", place: { tab: "stops", id: "" }, favourites, waiting: [], wish: { party: 1, needs: [] }, nowMs: T0 });
}

/**
 * @param {State} state
 * @param {...Event} events
 */
function after(state, ...events) {
  /** @type {import("/static/rider/ride/state.js").Step} */
  let now = { state, effects: [] };
  for (const event of events) now = app(now.state, event, T0);
  return now;
}

/** @param {import("/static/rider/ride/state.js").Step} step */
function sent({ effects }) {
  return effects.flatMap((one) => (one.type === "send" ? [[one.message.type, one.message["stop_id"] ?? one.message["bell_id"]]] : []));
}

/** @type {Event} */
const LIVE = { to: "all", event: { type: "live", serverAtMs: T0, bells: [], rides: [] } };

/**
 * @param {"board" | "alight"} kind
 * @param {string} id
 */
function bell(kind, id) {
  return /** @type {import("/static/shared/wire.d.ts").BellMessage} */ ({ type: "bell", seq: 1, bell_id: id, kind, state: "assigned", stop_id: "X", stop_sequence: 1, route_id: "R", attempt: 1, at_ms: T0 });
}

test("an address names its tab, and what it is about", () => {
  assert.deepEqual(placeOf(""), { tab: "stops", id: "" });
  assert.deepEqual(placeOf("#/nonsense"), { tab: "stops", id: "" });
  assert.deepEqual(placeOf("#/report/b-1"), { tab: "report", id: "b-1" });
  assert.deepEqual(placeOf("#/aboard/V%2F1.abc"), { tab: "aboard", id: "V/1.abc" });
});

test("without an open stop nothing is watched; one is open at a time, and closes when opened again", () => {
  const begun = after(fresh(), LIVE);
  assert.deepEqual(sent(begun), []);
  const opened = after(begun.state, { to: "all", event: { type: "open", stopId: "F" } });
  assert.deepEqual([sent(opened), opened.state.at.stop.name], [[["watch", "F"]], "즐겨찾기"]);
  assert.deepEqual(sent(after(opened.state, LIVE)), [["watch", "F"]], "after a lost link it is watched again");
  const other = after(opened.state, { to: "all", event: { type: "open", stopId: "G" } });
  assert.deepEqual(sent(other), [["unwatch", "F"], ["watch", "G"]]);
  const closed = after(other.state, { to: "all", event: { type: "open", stopId: "G" } });
  assert.deepEqual([sent(closed), closed.state.at.stop.stop_id], [[["unwatch", "G"]], ""]);
});

test("who stands at a stop sees its board at once; who is farther away does not", () => {
  const near = (/** @type {number} */ away) =>
    after(fresh(), LIVE, { to: "finder", event: { type: "favourites", favourites: [] } }, {
      to: "finder",
      event: { type: "near", stops: [{ stop_id: "N", code: "", name: "가까운", names: {}, towards: "", towards_names: {}, lat: 0, lon: 0, distance_m: away }] },
    });
  assert.deepEqual(sent(near(40)), [["watch", "N"]]);
  assert.deepEqual(sent(near(400)), []);
});

test("boarding and alighting bells come in one snapshot and go to where they belong; an unknown stop's name is asked for", () => {
  const told = after(fresh(), { to: "all", event: { type: "live", serverAtMs: T0, bells: [bell("board", "b"), bell("alight", "a")], rides: [] } });
  assert.deepEqual([Object.keys(told.state.at.bells), Object.keys(told.state.aboard.bells)], [["b"], ["a"]]);
  assert.ok(told.effects.some((one) => one.type === "ask stop" && one.stopId === "X"));
});

test("a no goes to whoever asked", () => {
  const { state } = after(fresh(), LIVE, { to: "aboard", event: { type: "check in", ref: "x", vehicleId: null, nonce: "n" } });
  const refused = /** @type {Event} */ ({ to: "all", event: { type: "refused", message: { type: "refused", reason: "not_on_board", message: "멀어요.", ref: "x" } } });
  assert.equal(after(state, refused).state.aboard.problem, "멀어요.");
  const stop = after(fresh(), LIVE, refused);
  assert.deepEqual(stop.effects, [{ type: "speak", said: "멀어요." }]);
});

test("a bus's code in the address is a check-in once the link is there", () => {
  const place = /** @type {const} */ ({ tab: "aboard", id: "V1.abc" });
  const waiting = after(fresh(), { to: "all", event: { type: "go", place } });
  assert.deepEqual(waiting.effects, []);
  const live = after(waiting.state, LIVE);
  assert.deepEqual(live.effects, [{ type: "enter by code", nonce: "V1.abc" }]);
  assert.equal(live.state.place.id, "", "and only once");
});

test("each place asks for what it shows", () => {
  const go = (/** @type {import("/static/rider/ride/state.js").Place} */ place) => after(fresh(), { to: "all", event: { type: "go", place } }).effects;
  assert.deepEqual(go({ tab: "past", id: "" }), [{ type: "ask rides" }]);
  assert.deepEqual(go({ tab: "report", id: "b" }), [{ type: "ask report", bellId: "b" }]);
  assert.deepEqual(go({ tab: "with", id: "token" }), [{ type: "ask companion", link: "token" }]);
});

test("buses are looked for again only while they stand on the screen", () => {
  const here = /** @type {Event} */ ({ to: "finder", event: { type: "here", here: { lat: 1, lon: 2, accuracy_m: 3 } } });
  const ticked = (/** @type {State} */ state) => app(state, { to: "all", event: { type: "tick" } }, T0 + 10_000).effects.map((one) => one.type);
  const { state } = after(fresh(), LIVE, here);
  assert.deepEqual(ticked(state), ["ask buses"]);
  assert.deepEqual(ticked({ ...state, place: { tab: "past", id: "" } }), []);
});

test("a report is confirmed once, and an answer about another bell is not shown", () => {
  const record = /** @type {import("/static/rider/ride/sheets.js").Report} */ (/** @type {unknown} */ ({ bell_id: "b", attempt: 2, reported_ms: null }));
  let now = sheet(initialSheets(), { type: "open report", bellId: "b" });
  assert.deepEqual(sheet(now.sheets, { type: "confirm report" }).effects, [], "nothing is there to confirm yet");
  assert.equal(sheet(now.sheets, { type: "report", bellId: "other", how: "kept", record, text: "" }).sheets.report.record, null);
  now = sheet(now.sheets, { type: "report", bellId: "b", how: "kept", record, text: "" });
  const said = sheet(now.sheets, { type: "confirm report" });
  assert.deepEqual(said.effects, [{ type: "send report", bellId: "b", attempt: 2 }]);
  const kept = sheet(said.sheets, { type: "report", bellId: "b", how: "kept", record: { ...record, reported_ms: T0 }, text: "" });
  assert.deepEqual(sheet(kept.sheets, { type: "confirm report" }).effects, []);
  const lost = sheet(said.sheets, { type: "report", bellId: "b", how: "offline", record: null, text: "" });
  assert.equal(lost.sheets.report.record?.attempt, 2, "what was read stays on the screen");
});

test("a companion's last view stays when the network goes, and goes when the link ends", () => {
  const view = /** @type {import("/static/rider/ride/sheets.js").Companion} */ (/** @type {unknown} */ ({ expires_ms: T0 }));
  let { sheets } = sheet(initialSheets(), { type: "open companion", link: "l" });
  ({ sheets } = sheet(sheets, { type: "companion", link: "l", how: "kept", view }));
  ({ sheets } = sheet(sheets, { type: "companion", link: "l", how: "offline", view: null }));
  assert.equal(sheets.companion.view, view);
  ({ sheets } = sheet(sheets, { type: "companion", link: "l", how: "gone", view: null }));
  assert.equal(sheets.companion.view, null);
});

test("one link is made for a ride, handed on as often as asked, and taken back", () => {
  const link = { link_id: "l", token: "t", expires_ms: T0 };
  const asked = sheet(initialSheets(), { type: "share", rideId: "r" });
  assert.deepEqual(asked.effects, [{ type: "make link", rideId: "r" }]);
  const made = sheet(asked.sheets, { type: "link", link });
  assert.deepEqual(made.effects, [{ type: "hand on", link }]);
  assert.deepEqual(sheet(made.sheets, { type: "share", rideId: "r" }).effects, [{ type: "hand on", link }]);
  assert.deepEqual(sheet(made.sheets, { type: "unshare" }).effects, [{ type: "revoke", link }]);
  assert.equal(sheet(made.sheets, { type: "unshared" }).sheets.link, null);
  assert.equal(sheet(asked.sheets, { type: "link", link: null }).sheets.sharing, "failed");
});

test("frames go to where they belong", () => {
  /** @type {Event[]} */
  const heard = [];
  const tell = listenApp((event) => heard.push(event));
  tell({ type: "live", welcome: { type: "welcome", server_at_ms: T0, recovered: true }, atMs: T0 });
  for (const frame of [{ type: "bus" }, { type: "ride" }, { type: "refused" }, { type: "bell", kind: "alight" }, { type: "bell", kind: "board" }, { type: "arrivals" }]) tell({ type: "frame", frame });
  tell({ type: "lost", heardMs: T0, why: "cut" });
  assert.deepEqual(heard.map(({ to, event }) => `${to} ${event.type}`), [
    "all live", "aboard bus", "aboard ride", "all refused", "aboard bell", "stop bell", "stop arrivals", "stop lost",
  ]);
});
