import assert from "node:assert/strict";
import { test } from "node:test";

import { hasEnded, initial, step } from "/static/ops/live/state.js";

const T0 = 1_800_000_000_000;

/** @typedef {import("/static/ops/live/state.js").State} State */
/** @typedef {import("/static/ops/live/state.js").Event} Event */
/** @typedef {import("/static/ops/live/state.js").Effect} Effect */

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
 * @param {State} state
 * @param {...Event} events
 */
const run = (state, ...events) => events.reduce((now, event) => step(now, event, T0).state, state);
const start = () => run(initial(T0), { type: "live", serverAtMs: T0 });
/** @param {Effect[]} effects */
const said = (effects) => effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []));

test("after each welcome buses and bells are asked for again, the part of the map and the strip too", () => {
  const { effects, state } = step(initial(T0), { type: "live", serverAtMs: T0 + 5 }, T0);
  assert.deepEqual(said(effects).map((message) => message["what"]), ["network", "bells"]);
  assert.equal(state.serverAheadMs, 5);
  const looking = run(state, { type: "looked", bbox: [127, 37, 128, 38] }, { type: "strip", routeId: "R" }, { type: "lost", heardMs: T0 });
  const again = said(step(looking, { type: "live", serverAtMs: T0 }, T0).effects);
  assert.deepEqual(again[0], { type: "watch", what: "network", moves: true, bbox: [127, 37, 128, 38], focus_route_id: "R" });
});

test("all bells come in parts; the first part replaces what was known", () => {
  const one = /** @type {{message: import("/static/shared/wire.d.ts").BellEvent}} */ (bell("a")).message;
  const part = (/** @type {boolean} */ full, /** @type {string} */ name) => /** @type {Event} */ ({ type: "bells", message: { type: "bells", at_ms: T0, full, bells: [{ ...one, bell: name }] } });
  assert.equal(start().bells, null, "unknown until told: the page shows a skeleton");
  const state = run(start(), part(true, "a"), part(false, "b"));
  assert.deepEqual(Object.keys(state.bells ?? {}), ["a", "b"]);
  assert.deepEqual(Object.keys(run(state, part(true, "c")).bells ?? {}), ["c"]);
});

test("ended bells leave after ten minutes, open ones never", () => {
  const state = run(start(), bell("old", { state: "served", at_ms: T0 - 601_000 }), bell("new", { state: "served" }), bell("open", { at_ms: T0 - 3_600_000 }), { type: "tick" });
  assert.deepEqual(Object.keys(state.bells ?? {}).sort(), ["new", "open"]);
});

test("no more than two hundred ended bells are kept, the newest", () => {
  const ended = Array.from({ length: 230 }, (_, i) => bell(`b${i}`, { state: "boarded", at_ms: T0 - i }));
  const state = run(start(), ...ended, { type: "tick" });
  assert.equal(Object.keys(state.bells ?? {}).length, 200);
  assert.ok(state.bells?.["b0"]);
  assert.equal(state.bells?.["b229"], undefined);
});

test("a bell has ended in its end states only", () => {
  /** @param {import("/static/shared/wire.d.ts").BellState} state */
  const ended = (state) => {
    const event = bell("b", { state });
    return event.type === "bell_event" && hasEnded(event.message);
  };
  assert.deepEqual((/** @type {const} */ (["waiting", "shown", "passed", "declined", "served", "expired"])).map(ended), [false, false, false, false, true, true]);
});

test("a column is sorted up first, then down, and another column up again", () => {
  let state = run(start(), { type: "order", tab: "buses", column: "age" });
  assert.deepEqual(state.orders.buses, { column: "age", down: false });
  state = run(state, { type: "order", tab: "buses", column: "age" });
  assert.deepEqual(state.orders.buses, { column: "age", down: true });
  assert.deepEqual(run(state, { type: "order", tab: "buses", column: "bus" }).orders.buses, { column: "bus", down: false });
});

test("a new filter begins at the list's top", () => {
  const state = run(start(), { type: "scroll", tab: "buses", top: 9_000, height: 400 }, { type: "filter", change: { kind: "astray" } });
  assert.deepEqual(state.scrolls.buses, { top: 0, height: 400, active: null });
  assert.deepEqual(state.filter, { search: "", routeId: "", garage: "", kind: "astray" });
});

test("only a chosen bus is followed, and letting it go ends that", () => {
  assert.equal(run(start(), { type: "follow", follows: true }).follows, false);
  const following = run(start(), { type: "choose", vehicleId: "V1" }, { type: "follow", follows: true });
  assert.equal(following.follows, true);
  assert.equal(run(following, { type: "choose", vehicleId: "V2" }).follows, true, "on to the other bus");
  assert.equal(run(following, { type: "choose", vehicleId: null }).follows, false);
});

test("a strip is fetched once, takes only its own file, and may fail and be asked for again", () => {
  const file = { route_id: "R", name: "88", at_ms: T0, patterns: [] };
  const asked = step(start(), { type: "strip", routeId: "R" }, T0);
  assert.deepEqual(asked.effects.at(-1), { type: "fetch strip", routeId: "R" });
  assert.deepEqual(step(asked.state, { type: "strip", routeId: "R" }, T0).effects, []);
  assert.equal(run(asked.state, { type: "strip file", routeId: "other", file }).strip?.file, null);
  assert.equal(run(asked.state, { type: "strip file", routeId: "R", file }).strip?.file, file);
  const failed = run(asked.state, { type: "strip file", routeId: "R", file: null });
  assert.equal(failed.strip?.failed, true);
  assert.equal(step(failed, { type: "strip", routeId: "R" }, T0).effects.length, 2);
  assert.equal(run(failed, { type: "strip", routeId: null }).strip, null);
});
