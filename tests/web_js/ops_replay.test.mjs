/** The replay's time, reels and stories, under Node. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { SPEEDS, act, keyed, loaded } from "/static/ops/replay/player.js";
import { Reel, chunkAt, unsureM } from "/static/ops/replay/reel.js";
import { events, reason, tell, tellAll } from "/static/ops/replay/story.js";
import { translator } from "/static/shared/words.js";

const T0 = 1_795_125_600_000;

/** @param {"ko" | "en"} lang */
const words = (lang) =>
  translator(JSON.parse(readFileSync(new URL(`../../server/ops_console/replay/words/${lang}.json`, import.meta.url), "utf-8")).words);

// -- time ---------------------------------------------------------------------

const player = () => loaded(T0, T0 + 60_000, [T0 + 5_000, T0 + 5_000, T0 + 20_000, T0 + 1_000]);

test("time goes on at the chosen speed while it plays, and stops at the end", () => {
  let it = act(act(player(), { type: "play" }), { type: "speed", speed: 60 });
  it = act(it, { type: "tick", elapsedMs: 100 });
  assert.equal(it.atMs, T0 + 6_000);
  it = act(it, { type: "tick", elapsedMs: 10_000 });
  assert.deepEqual([it.atMs, it.playing], [T0 + 60_000, false]);
  assert.equal(act(it, { type: "toggle" }).atMs, T0, "play at the end begins again");
  assert.equal(act(player(), { type: "tick", elapsedMs: 100 }).atMs, T0, "a pause holds time");
});

test("steps go from event to event and pause", () => {
  let it = act(player(), { type: "play" });
  const at = [];
  for (let i = 0; i < 4; i++) {
    it = act(it, { type: "step", back: false });
    at.push(it.atMs - T0);
  }
  assert.deepEqual(at, [1_000, 5_000, 20_000, 20_000]);
  assert.equal(it.playing, false);
  assert.equal(act(it, { type: "step", back: true }).atMs, T0 + 5_000);
});

test("seeking stays within the recording", () => {
  assert.equal(act(player(), { type: "seek", atMs: 0 }).atMs, T0);
  assert.equal(act(player(), { type: "by", ms: 1e9 }).atMs, T0 + 60_000);
});

test("only the offered speeds exist; the ends are ends", () => {
  assert.equal(act(player(), { type: "speed", speed: 7 }).speed, 10);
  let it = player();
  for (let i = 0; i < 10; i++) it = act(it, { type: "faster" });
  assert.equal(it.speed, SPEEDS.at(-1));
  for (let i = 0; i < 10; i++) it = act(it, { type: "slower" });
  assert.equal(it.speed, SPEEDS[0]);
});

test("keys", () => {
  assert.deepEqual(keyed(" ", false), { type: "toggle" });
  assert.deepEqual(keyed("ArrowLeft", true), { type: "by", ms: -60_000 });
  assert.deepEqual(keyed(".", false), { type: "step", back: false });
  assert.equal(keyed("x", false), null);
});

// -- reels --------------------------------------------------------------------

const fix = (/** @type {number} */ s, /** @type {number} */ progress) => ({ type: "fix", at_ms: T0 + 1000 * s, vehicle_id: "V", progress_m: progress, uncertainty_m: 10, speed_mps: 8 });

function reel() {
  const rows = [
    fix(1, 10),
    { type: "bell", at_ms: T0 + 2000, bell_id: "b", state: "assigned", stop_id: "S" },
    { type: "alert", at_ms: T0 + 2000, alert_id: "a", vehicle_id: "V", stop_name: "시장" },
    { type: "shown", at_ms: T0 + 3000, alert_id: "a", vehicle_id: "V" },
    fix(5, 50),
    { type: "fix_refused", at_ms: T0 + 6000, vehicle_id: "V", lat: 1, lon: 2, reason: "fix_implausible" },
    { type: "clear", at_ms: T0 + 8000, alert_id: "a", vehicle_id: "V", outcome: "served" },
    { type: "bell", at_ms: T0 + 8000, bell_id: "b", state: "served", stop_id: "S" },
  ];
  const index = /** @type {any} */ ({ chunks: [0, 60, 90].map((s) => ({ from_ms: T0 + 1000 * s, to_ms: T0 + 1000 * (s + 30), rows: 0 })) });
  const it = new Reel(index);
  it.give(0, /** @type {any} */ ({ from_ms: T0, to_ms: T0 + 60_000, key: { vehicles: [], bells: [], alerts: [] }, rows }));
  return it;
}

test("the chunk of a moment", () => {
  const { index } = reel();
  assert.deepEqual([-5, 0, 59, 60, 89, 500].map((s) => chunkAt(index, T0 + 1000 * s)), [0, 0, 0, 1, 1, 2]);
  assert.deepEqual(reel().missing(T0), [1]);
  assert.deepEqual(reel().missing(T0 + 95_000), [2]);
});

test("forward, back and forward again say the same", () => {
  const it = reel();
  const seen = (/** @type {number} */ s) => {
    const moment = it.at(T0 + 1000 * s);
    assert.ok(moment);
    return [moment.vehicles.get("V")?.["progress_m"], moment.bells.size, moment.alerts.size, moment.shown.has("a"), moment.refused.size, moment.cleared.get("V")?.["stop_name"]];
  };
  const forward = [0, 2, 3, 5, 7, 9].map(seen);
  assert.deepEqual(forward[0], [undefined, 0, 0, false, 0, undefined]);
  assert.deepEqual(forward[3], [50, 1, 1, true, 0, undefined]);
  assert.deepEqual(forward[4], [50, 1, 1, true, 1, undefined]);
  assert.deepEqual(forward[5], [50, 0, 0, true, 1, "시장"]);
  assert.deepEqual([9, 7, 5, 3, 2, 0].map(seen).reverse(), forward);
  assert.equal(it.at(T0 + 70_000), null, "a chunk that is not here is nothing, not an empty street");
});

test("what is not heard of grows unsure, for a minute", () => {
  assert.equal(unsureM(fix(0, 0), T0), 10);
  assert.equal(unsureM(fix(0, 0), T0 + 10_000), 90);
  assert.equal(unsureM(fix(0, 0), T0 + 600_000), 490);
  assert.equal(unsureM({ ...fix(0, 0), uncertainty_m: null }, T0), null);
});

// -- stories ------------------------------------------------------------------

const looked = (/** @type {string} */ vehicle, /** @type {string} */ verdict, more = {}) => ({
  vehicle_id: vehicle, verdict, reason: null, left_m: 512.4, commit_m: 88.2, eta_s: 60.2, speed_mps: 10, age_s: 0.84, uncertainty_m: 25.6, ...more,
});
const choice = (more = {}) => ({
  type: "choice", at_ms: T0, bell_id: "b", stop_id: "S", attempt: 1, before: null, policy: "physical v1",
  numbers: { a_comfort_mps2: 1, t_react_s: 2, t_deliver_s: 1 },
  considered: [looked("V1", "chosen"), looked("V2", "later"), looked("V3", "cannot", { reason: "no_free_bay" })],
  ...more,
});
const telling = (more = {}) => ({ type: "telling", at_ms: T0 + 9, alert_id: "a", bells: ["b"], stage: "ahead", stops_away: 1, left_m: 400, commit_m: 90, now_m: 60, soon_m: 350, ...more });
const alert = { type: "alert", at_ms: T0 + 9, alert_id: "a", vehicle_id: "V1" };

test("an alert's story: who was looked at, who was first, how far, how sure, under which rules, why now", () => {
  const tale = tell([choice(), telling(), alert], alert);
  assert.deepEqual(tale.lines.map((line) => line.key), [
    "replay.why.looked", "replay.why.first", "replay.why.reach", "replay.why.unsure", "replay.why.rules", "replay.why.ahead.next",
  ]);
  assert.deepEqual(tale.rows.map((row) => row.why.key), ["replay.verdict.chosen", "replay.verdict.later", "replay.reason.no_free_bay"]);
  assert.equal(tale.raw.length, 2);
});

test("only what was known by then is told", () => {
  const later = choice({ at_ms: T0 + 50, considered: [] });
  assert.equal(tell([choice(), telling(), alert, later], alert).rows.length, 3);
  assert.deepEqual(tell([later], alert), { lines: [], rows: [], raw: [] });
});

test("other stories", () => {
  const bell = { type: "bell", at_ms: T0 + 9, bell_id: "b", state: "assigned" };
  const keys = (/** @type {any[]} */ story, row = bell) => tell(story, row).lines.map((line) => line.key);
  assert.ok(keys([choice({ considered: [looked("V1", "chosen")] })]).includes("replay.why.only"));
  assert.ok(keys([choice({ attempt: 2, before: "V0" })]).includes("replay.why.again"));
  assert.ok(keys([choice({ considered: [looked("V3", "cannot", { reason: "full" })] })]).includes("replay.why.none"));
  assert.ok(keys([choice({ considered: [looked("V1", "chosen", { uncertainty_m: null })] })]).includes("replay.why.age"));
  assert.ok(keys([telling({ stage: "now" })], /** @type {any} */ (alert)).includes("replay.why.now"));
  assert.ok(keys([telling({ stops_away: 2 })], /** @type {any} */ (alert)).includes("replay.why.ahead.soon"));
});

test("a bell's whole story goes from bus to bus", () => {
  const tale = tellAll([choice(), alert, choice({ attempt: 2, at_ms: T0 + 60 }), choice({ bell_id: "another" })], "b");
  assert.deepEqual(tale.lines.filter((line) => line.key === "replay.why.first").length, 2);
  assert.ok(tale.lines.some((line) => line.key === "replay.why.another"));
  assert.deepEqual([tale.rows.length, tale.raw.length], [3, 2]);
  assert.deepEqual(tellAll([], "b"), { lines: [], rows: [], raw: [] });
});

test("every story can be said in both languages, and a code that is new is said as it is", () => {
  for (const lang of /** @type {const} */ (["ko", "en"])) {
    const t = words(lang);
    const tale = tell([choice(), telling(), alert], alert);
    for (const line of [...tale.lines, ...tale.rows.map((row) => row.why)]) assert.doesNotMatch(t(line.key, line.values), /\{|undefined|NaN/);
    assert.equal(t(reason("solar_flare").key, reason("solar_flare").values), "solar_flare");
  }
});

test("events are what happened, not what was seen in between", () => {
  assert.deepEqual(events([choice(), alert, { type: "shown", at_ms: 1 }]).map((row) => row.type), ["alert"]);
});
