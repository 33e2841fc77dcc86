/** A run's strip: the stops of a pattern as a line, its buses with how far they may be off, bells, alerts. Pure. */

import { h } from "/static/shared/dom.js";
import { unsureM } from "/static/ops/replay/reel.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/replay/reel.js").Moment} Moment
 * @typedef {import("/static/ops/replay/reel.js").Row} Row
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayPattern} ReplayPattern
 * @typedef {{vehicle: string | null, told: Row | null, width: number}} Chosen  `told`: the `telling` whose commit point is
 * marked; `width`: CSS pixels there are
 */

const SIDE = 36;
const LINE_Y = 56;
const HEIGHT = 104;
/** Names nearer than this would run into one another: those of stops with bells are written first. */
const NAME_PX = 92;
const PLATE_PX = 84;
const LONGEST_NAME = 9;

/**
 * @param {Moment} moment
 * @param {ReplayPattern} pattern
 * @param {Chosen} chosen
 * @param {Translate} t
 */
export function lane(moment, pattern, chosen, t) {
  const x = (/** @type {number} */ along) => SIDE + (along / Math.max(1, pattern.length_m)) * (chosen.width - 2 * SIDE);
  const buses = [...moment.vehicles.values()].filter((row) => row["pattern_id"] === pattern.pattern_id && row["progress_m"] != null);
  const waiting = bellsAt(moment, pattern);
  const first = buses.filter((row) => row["vehicle_id"] === chosen.vehicle);
  const plated = spread([...first, ...buses], (row) => x(row["progress_m"]), PLATE_PX);
  return h(
    "svg",
    { class: "lane", viewBox: `0 0 ${chosen.width} ${HEIGHT}`, height: HEIGHT, role: "img", "aria-label": spoken(buses, waiting, pattern, t) },
    h("line", { class: "lane-line", x1: SIDE, x2: chosen.width - SIDE, y1: LINE_Y, y2: LINE_Y }),
    stops(pattern, waiting, x),
    mark(chosen.told, pattern, x),
    buses.map((row) => bus(row, moment, x, chosen.vehicle === row["vehicle_id"], plated.has(row))),
  );
}

/**
 * @param {Moment} moment
 * @param {ReplayPattern} pattern
 * @returns {Map<string, Row[]>} open bells by the stop where they wait
 */
function bellsAt(moment, pattern) {
  /** @type {Map<string, Row[]>} */
  const found = new Map();
  for (const bell of moment.bells.values()) {
    if (bell["route_id"] === pattern.route_id) found.set(bell["stop_id"], [...(found.get(bell["stop_id"]) ?? []), bell]);
  }
  return found;
}

/**
 * @param {ReplayPattern} pattern
 * @param {Map<string, Row[]>} waiting
 * @param {(along: number) => number} x
 */
function stops(pattern, waiting, x) {
  const rung = (/** @type {{stop_id: string}} */ stop) => waiting.has(stop.stop_id);
  const named = spread([...pattern.stops.filter(rung), ...pattern.stops], (stop) => x(stop.along_m), NAME_PX);
  return pattern.stops.map((stop) => {
    const at = x(stop.along_m);
    const bells = waiting.get(stop.stop_id) ?? [];
    const short = stop.name.length > LONGEST_NAME ? `${stop.name.slice(0, LONGEST_NAME - 1)}…` : stop.name;
    return h(
      "g",
      { key: `stop-${stop.stop_sequence}`, class: bells.length > 0 ? "lane-stop lane-stop-rung" : "lane-stop" },
      h("circle", { cx: at, cy: LINE_Y, r: bells.length > 0 ? 9 : 4 }, h("title", {}, stop.name)),
      bells.length > 0 ? h("text", { class: "lane-count", x: at, y: LINE_Y + 4 }, sum(bells)) : null,
      named.has(stop) ? h("text", { class: "lane-name", x: at, y: LINE_Y + 34 }, short) : null,
    );
  });
}

/**
 * Which of them can be written without running into one another; the first have the first choice.
 *
 * @template T
 * @param {readonly T[]} all
 * @param {(one: T) => number} at
 * @param {number} apart
 * @returns {Set<T>}
 */
function spread(all, at, apart) {
  /** @type {Set<T>} */
  const placed = new Set();
  for (const one of all) {
    if ([...placed].every((other) => Math.abs(at(other) - at(one)) >= apart)) placed.add(one);
  }
  return placed;
}

/** @param {Row[]} bells */
function sum(bells) {
  return String(bells.length);
}

/**
 * @param {Row | null} told
 * @param {ReplayPattern} pattern
 * @param {(along: number) => number} x
 */
function mark(told, pattern, x) {
  const stop = told === null ? undefined : pattern.stops.find((each) => each.stop_sequence === told["stop_sequence"] && each.stop_id === told["stop_id"]);
  if (told === null || stop === undefined) return null;
  const commit = x(stop.along_m - told["commit_m"]);
  return h(
    "g",
    { key: "commit", class: "lane-commit" },
    h("rect", { x: commit, y: LINE_Y - 14, width: Math.max(1, x(stop.along_m) - commit), height: 28 }),
    h("line", { x1: commit, x2: commit, y1: LINE_Y - 26, y2: LINE_Y + 14 }),
  );
}

/**
 * @param {Row} row
 * @param {Moment} moment
 * @param {(along: number) => number} x
 * @param {boolean} chosen
 * @param {boolean} plated
 */
function bus(row, moment, x, chosen, plated) {
  const at = x(row["progress_m"]);
  const off = unsureM(row, moment.atMs) ?? 0;
  const [from, to] = [x(row["progress_m"] - off), x(row["progress_m"] + off)];
  const alert = [...moment.alerts.values()].find((each) => each["vehicle_id"] === row["vehicle_id"]);
  const classes = ["lane-bus", chosen ? "lane-bus-chosen" : "", alert === undefined ? "" : `lane-bus-${alert["stage"]}`];
  return h(
    "g",
    { key: `bus-${row["vehicle_id"]}`, class: classes.join(" ").trim(), "data-act": "vehicle", "data-vehicle": row["vehicle_id"] },
    h("rect", { class: "lane-unsure", x: from, y: LINE_Y - 7, width: Math.max(2, to - from), height: 14, rx: 7 }),
    h("path", { class: "lane-arrow", d: `M${at + 11} ${LINE_Y - 24} l-18 -9 l5 9 l-5 9 Z` }),
    plated ? h("text", { class: "lane-plate", x: at, y: LINE_Y - 40 }, row["vehicle_id"]) : h("title", {}, row["vehicle_id"]),
  );
}

/**
 * @param {Row[]} buses
 * @param {Map<string, Row[]>} waiting
 * @param {ReplayPattern} pattern
 * @param {Translate} t
 */
function spoken(buses, waiting, pattern, t) {
  return t("replay.lane.spoken", { route: pattern.route_name, headsign: pattern.headsign, buses: buses.length, bells: [...waiting.values()].flat().length });
}
