import assert from "node:assert/strict";
import { test } from "node:test";

import { columns, parts, profile, reach, steps } from "/static/ops/report/charts.js";
import { Desk } from "/static/ops/report/desk.js";
import { count, csvText, share, wait, why } from "/static/ops/report/format.js";
import { query, windowOf } from "/static/ops/report/parts.js";
import { moments } from "/static/ops/outcomes/bells.js";
import { projection, rings, unpacked, zoomed } from "/static/ops/outcomes/heatmap.js";
import { ends } from "/static/ops/outcomes/overview.js";
import { marks } from "/static/ops/passbys/evidence.js";
import { spellsOf } from "/static/ops/terminals/view.js";

/** @type {import("/static/shared/words.js").Translate} */
const t = (key, values = {}) => `${key}${Object.keys(values).length ? JSON.stringify(values) : ""}`;

/**
 * @param {import("/static/shared/dom.js").Child} node
 * @param {string} tag
 * @returns {import("/static/shared/dom.js").Node_[]}
 */
function all(node, tag) {
  if (typeof node === "string") return [];
  return [...(node.tag === tag ? [node] : []), ...node.children.flatMap((child) => all(child, tag))];
}

test("waits are said in the unit that suits them", () => {
  assert.equal(wait(null, t), "–");
  assert.equal(wait(4.25, t), 'ops.ms{"n":"4.3"}');
  assert.equal(wait(5, t), 'ops.ms{"n":"5"}');
  assert.equal(wait(420, t), 'ops.ms{"n":"420"}');
  assert.equal(wait(4_200, t), 'ops.seconds{"n":"4.2"}');
  assert.equal(wait(42_000, t), 'ops.seconds{"n":"42"}');
  assert.equal(wait(125_400, t), 'desk.minutes{"m":2,"s":5}');
  assert.equal(wait(120_000, t), 'desk.minutes.whole{"m":2}');
});

test("numbers and shares", () => {
  assert.equal(count(1234567), "1,234,567");
  assert.deepEqual([share(0, 0), share(0, 9), share(1, 30), share(29, 30)], ["–", "0 %", "3.3 %", "97 %"]);
});

test("a reason that is new is shown by its code, not lost", () => {
  assert.equal(why("full", t), "desk.reason.full");
  assert.equal(why("of_tomorrow", t), 'desk.reason.other{"code":"of_tomorrow"}');
});

test("a CSV has a byte order mark, CR LF, quotes, and nothing that a spreadsheet would run", () => {
  assert.equal(csvText(["a", "b"], [["x,\"y\"", null], ["=1+1", -5]]), '\uFEFFa,b\r\n"x,""y""",\r\n\'=1+1,-5\r\n');
});

test("a window is hours back from the server's now; a query leaves out what is not given", () => {
  assert.deepEqual(windowOf("day", 100_000_000), { from_ms: 13_600_000, to_ms: 100_001_000 });
  assert.equal(query({ from_ms: 5, route_id: "", state: null, passed: false, stop_id: "가 &" }), "from_ms=5&stop_id=%EA%B0%80+%26");
});

test("columns stand on one axis and the highest carries its number", () => {
  const bars = [1, 4, null, 2].map((value, i) => ({ label: String(i), value, said: `${value}건` }));
  const chart = columns({ label: "벨", bars, every: 2 });
  const heights = all(chart, "rect").map((rect) => rect.attributes["height"]);
  assert.deepEqual(heights, [16.5, 66, 0, 33]);
  assert.deepEqual(all(chart, "text").map((text) => text.children[0]), ["0", "4건", "2"]);
  assert.equal(chart.attributes["aria-label"], "벨");
});

test("siblings share their axis", () => {
  const a = { edges_ms: [1, 2, 5, 10], counts: [0, 3, 0, 0, 0] };
  const b = { edges_ms: [1, 2, 5, 10], counts: [0, 0, 0, 2, 0] };
  const span = reach([a, b]);
  assert.deepEqual(span, { from: 0, to: 5 });
  assert.deepEqual(steps(a, String, span).map((bar) => bar.label), steps(b, String, span).map((bar) => bar.label));
  assert.equal(steps(a, String, span)[1]?.said, "1–2: 3");
  assert.equal(steps(b, String, { from: 4, to: 5 })[0]?.said, "≥ 10: 0");
  assert.deepEqual(reach([{ counts: [0, 0] }]), { from: 9, to: 17 });
});

test("parts fill their bar; of nothing nothing is drawn", () => {
  const some = [{ tone: "good", value: 3, said: "" }, { tone: "quiet", value: 1, said: "" }];
  assert.deepEqual(all(parts(some, 4), "rect").map((rect) => [rect.attributes["x"], rect.attributes["width"]]), [[0, 75], [75, 25]]);
  assert.deepEqual(all(parts(some, 0), "rect").map((rect) => rect.attributes["width"]), [0, 0]);
});

test("bells that ended are told apart by how", () => {
  const by_state = { served: 5, boarded: 2, cancelled: 1, refused: 1, waiting: 3 };
  assert.deepEqual(ends({ by_state, open: 3 }), { served: 7, cancelled: 1, expired: 1, open: 3 });
});

/** @type {import("/static/ops/report/bodies.d.ts").PassByRow} */
const ROW = {
  id: "1", at_ms: 100_000, vehicle_id: "V1", plate: "경기70바1234", route_id: "R", route_name: "88", trip_id: "T", stop_id: "S", stop_name: "시장",
  stop_sequence: 3, lat: 0, lon: 0, bells: ["ab"], party: 1, needs: [], reason: null, outcome: "passed", confidence: 0.9, stood_s: 0, reported: false,
};

/**
 * @param {Partial<import("/static/ops/report/bodies.d.ts").Evidence>} changes
 * @returns {import("/static/ops/report/bodies.d.ts").Evidence}
 */
function evidence(changes) {
  const profile = [-300, -200, -100, 0, 100].map((from_stop_m, i) => ({ at_ms: 60_000 + i * 10_000, from_stop_m, speed_mps: 10 }));
  return { row: ROW, told_ms: 60_000, shown_ms: 65_000, decide_ms: 85_000, decide_m: 118, least_speed_mps: 10, doors: null, arrived_ms: null, departed_ms: null, profile, alerts: [], reports: [], ...changes };
}

test("the marks of a profile stand where the bus was", () => {
  const found = marks(evidence({}), t);
  assert.deepEqual(found.map(({ tone, from_stop_m }) => [tone, from_stop_m]), [["stop", 0], ["decide", -118], ["shown", -250]]);
  assert.deepEqual(marks(evidence({ shown_ms: null, decide_m: null }), t).map(({ tone }) => tone), ["stop"]);
  assert.deepEqual(marks(evidence({ shown_ms: 10 }), t).map(({ tone }) => tone), ["stop", "decide"], "before the first report nobody knows where");
});

test("a profile without speeds draws its axis and no dots", () => {
  const points = [{ from_stop_m: -10, speed_mps: null, said: "" }];
  const chart = profile({ label: "x", points, marks: [], zone_m: 30, axis: { speed: "km/h", stop: "정류장" } });
  assert.equal(all(chart, "circle").length, 0);
  assert.ok(all(chart, "text").some((text) => text.children[0] === "정류장"));
});

test("a bell's moments stand in the order of time, the driver's screen among them", () => {
  const step = { attempt: 1, vehicle_id: null, plate: null, trip_id: null, stop_sequence: null, reason: null };
  const alert = { alert_id: "a", vehicle_id: "V1", plate: "P", boarding: 1, alighting: 0, distance_m: 300, shown_ms: null, outcome: null };
  const story = /** @type {import("/static/ops/report/bodies.d.ts").BellStory} */ ({
    life: /** @type {any} */ ({}),
    steps: [{ ...step, at_ms: 0, state: "waiting" }, { ...step, at_ms: 50, state: "assigned", attempt: 2, plate: "P", reason: "full" }, { ...step, at_ms: 90, state: "served" }],
    alerts: [{ ...alert, at_ms: 60, what: "raised", stage: "ahead" }, { ...alert, at_ms: null, what: "cleared", stage: "ahead" }],
    reports: [{ at_ms: 70, handle: "h", vehicle_id: null, route_id: "R", stop_id: "S", said_ms: 1, words: "지나감" }],
  });
  const told = moments(story, t);
  assert.deepEqual(told.map((one) => one.tone), ["waiting", "assigned", "screen", "report", "served"]);
  assert.match(told[1]?.text ?? "", /ops\.attempt.*story\.bus.*story\.why/);
});

test("troubles become spells; one that began twice went on", () => {
  const note = (/** @type {number} */ at_ms, /** @type {string} */ trouble, /** @type {boolean} */ wrong, value = 1) => ({ at_ms, trouble, wrong, value });
  const spells = spellsOf([note(1, "silent", true, 20), note(2, "frozen", true), note(3, "silent", true), note(5, "silent", false), note(6, "gps_bad", false)]);
  assert.deepEqual(spells, [
    { from_ms: 2, to_ms: null, trouble: "frozen", value: 1 },
    { from_ms: 1, to_ms: 5, trouble: "silent", value: 20 },
  ]);
});

/**
 * @param {string} key
 * @param {number} bells
 * @param {number} passed_bells
 * @returns {import("/static/ops/report/bodies.d.ts").PlacedFigure}
 */
const stop = (key, bells, passed_bells) => ({
  key, name: key, bells, open: 0, by_state: {}, passed_bells, passbys: passed_bells, declines: 0, lat: 37, lon: 127,
  ring_to_shown: { count: 0, p50: null, p95: null, p99: null },
});

test("rings grow with the bells by area, and those with pass-bys lie on top", () => {
  const drawn = rings([stop("a", 100, 10), stop("b", 25, 0), stop("c", 0, 0)]);
  assert.deepEqual(drawn.map((ring) => [ring.px, ring.passed]), [[9, 0], [3, 0], [15, 0.1]]);
});

test("the map holds all places, north up", () => {
  const place = projection([{ lat: 37, lon: 127 }, { lat: 37.1, lon: 127.2 }], 800, 400);
  const [west, south] = place(37, 127);
  const [east, north] = place(37.1, 127.2);
  assert.ok(west < east && north < south);
  for (const px of [west, south, east, north]) assert.ok(px >= 20 && px <= 780);
});

test("lines of the outline are differences of 1/100,000 degree", () => {
  assert.deepEqual(unpacked([3_700_000, 12_700_000, 100, -50]), [[37, 127], [37.001, 126.9995]]);
});

test("a late answer to an older question is dropped; what was there stays when the next one fails", async () => {
  /** @type {((value: any) => void)[]} */
  const answers = [];
  let failing = false;
  const api = () => (failing ? Promise.reject(new Error("no way through")) : new Promise((resolve) => answers.push(resolve)));
  const desk = new Desk({ api, now: () => 7 }, () => {});
  const first = desk.ask("x", "/1");
  const second = desk.ask("x", "/2", { fresh: true });
  answers[1]?.("new");
  answers[0]?.("old");
  await Promise.all([first, second]);
  assert.deepEqual(desk.get("x"), { value: "new", atMs: 7, path: "/2", problem: null, waiting: false });
  failing = true;
  await desk.ask("x", "/3");
  assert.equal(desk.get("x").value, "new");
  assert.equal(desk.get("x").problem, "no way through");
  assert.equal(desk.get("nobody").value, null);
});

test("zooming keeps what is under the pointer, and ends at the whole", () => {
  const whole = { zoom: 1, x: 0, y: 0 };
  const near = zoomed(whole, 2, 100, -50);
  assert.deepEqual(near, { zoom: 2, x: -100, y: 50 });
  assert.equal(near.x + 100 * near.zoom, 100, "the place that was 100 px from the middle still is");
  assert.deepEqual(zoomed(near, 0.1, 7, 7), whole);
  assert.equal(zoomed({ zoom: 60, x: 0, y: 0 }, 8, 0, 0).zoom, 64);
});
