/** The strip of a route as it is drawn. State in, nodes out. Pure. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { kindOf } from "/static/ops/live/fleet.js";
import { stripPicture } from "/static/ops/live/strip.js";
import { hasEnded } from "/static/ops/live/state.js";
import { sign } from "/static/ops/live/signs.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/live/state.js").State} State
 * @typedef {import("/static/ops/live/state.js").StripPattern} StripPattern
 * @typedef {import("/static/ops/live/fleet.js").Fleet} Fleet
 */

/** Pixels from stop to stop, at least (live.css has the same); a long strip scrolls sideways. */
const STEP_PX = 56;
const BONE_STOPS = 14;
/** Stops between two buses under which their numbers meet. */
const CROWDED = 0.6;

/**
 * @param {State} state
 * @param {Fleet} fleet
 * @param {string} routeName
 * @param {Translate} t
 */
export function strip(state, fleet, routeName, t) {
  if (state.strip === null) return [];
  const { file, failed, patternId } = state.strip;
  const pattern = file?.patterns.find((one) => one.pattern_id === patternId);
  return [
    h(
      "header",
      { key: "head" },
      h("h2", {}, t("live.strip.title", { route: file?.name ?? routeName })),
      file === null ? null : ways(file.patterns, patternId, t),
      pattern === undefined ? null : h("p", { class: "quiet" }, planWords(pattern, t)),
      h("button", { type: "button", class: "close", "data-act": "close strip", "aria-label": t("ops.close") }, icon("cross")),
    ),
    failed ? h("p", { key: "failed", class: "empty", role: "alert" }, t("live.strip.failed")) : null,
    file === null && !failed ? bones() : null,
    pattern === undefined ? null : line(pattern, state, fleet, t),
  ];
}

/**
 * @param {StripPattern} pattern
 * @param {Translate} t
 */
function planWords(pattern, t) {
  return pattern.headway_s === null ? t("live.strip.no_headway") : t("live.strip.headway", { n: Math.round(pattern.headway_s / 60) });
}

/**
 * @param {StripPattern[]} patterns
 * @param {string | null} chosen
 * @param {Translate} t
 */
function ways(patterns, chosen, t) {
  return h(
    "label",
    { class: "select" },
    h("span", { class: "spoken" }, t("live.strip.way")),
    h(
      "select",
      { "data-strip": "pattern" },
      patterns.map((one) =>
        h("option", { key: one.pattern_id, value: one.pattern_id, selected: one.pattern_id === chosen }, wayWords(one, t)),
      ),
    ),
  );
}

/**
 * @param {StripPattern} pattern
 * @param {Translate} t
 */
function wayWords({ headsign, stops, trips }, t) {
  const towards = headsign || (stops.at(-1)?.name ?? "");
  return t("live.strip.towards", { name: towards, n: trips });
}

function bones() {
  return h(
    "div",
    { key: "bones", class: "strip-scroll", "aria-hidden": "true" },
    h("div", { class: "strip-line", "--stops": BONE_STOPS }, Array.from({ length: BONE_STOPS }, (_, i) => h("span", { key: i, class: "strip-stop", "--at": i }, h("span", { class: "dot" })))),
  );
}

/**
 * @param {StripPattern} pattern
 * @param {State} state
 * @param {Fleet} fleet
 * @param {Translate} t
 */
function line(pattern, state, fleet, t) {
  const routeId = state.strip?.routeId ?? "";
  const open = Object.values(state.bells ?? {}).filter((bell) => !hasEnded(bell));
  const rows = fleet.rows.flatMap((row) => (row !== null && row.route_id === routeId ? [row] : []));
  const { buses, gaps, bunches, bells } = stripPicture(pattern, rows, open, routeId);
  const at = (/** @type {number} */ place) => place.toFixed(3);
  const wide = (/** @type {number} */ from, /** @type {number} */ to) => (to - from).toFixed(3);
  return h(
    "div",
    { key: "line", class: "strip-scroll", tabindex: "0", role: "group", "aria-label": t("live.strip.aria", { stops: pattern.stops.length, buses: buses.length, bunches: bunches.length }) },
    h(
      "div",
      { class: "strip-line", "--stops": pattern.stops.length },
      bunches.map(({ from, to, buses: many }, i) =>
        h("span", { key: `bunch${i}`, class: "strip-bunch", "--at": at(from), "--wide": wide(from, to) }, h("b", {}, t("live.strip.bunched", { n: many }))),
      ),
      gaps.map(({ from, to, seconds, bunched }, i) =>
        h(
          "span",
          { key: `gap${i}`, class: bunched ? "strip-gap strip-gap-bunched" : "strip-gap", "--at": at(from), "--wide": wide(from, to) },
          h("span", {}, gapWords(seconds, (to - from) * STEP_PX, t)),
        ),
      ),
      pattern.stops.map((stop, i) =>
        h(
          "span",
          { key: `stop${stop.stop_sequence}`, class: i === 0 || i === pattern.stops.length - 1 ? "strip-stop strip-end" : "strip-stop", "--at": at(i) },
          h("span", { class: "dot" }),
          bells.has(i) ? h("span", { class: "strip-bell" }, icon("bell"), bells.get(i), h("span", { class: "spoken" }, t("live.bells"))) : null,
          h("span", { class: "name" }, stop.name),
        ),
      ),
      buses.map(({ row, at: place }, i) =>
        h(
          "button",
          {
            key: row.vehicle_id,
            type: "button",
            class: ["strip-bus", row.vehicle_id === state.chosen ? "strip-bus-chosen" : "", crowding(buses, i)].filter(Boolean).join(" "),
            "data-act": "choose",
            "data-vehicle": row.vehicle_id,
            "--at": at(place),
          },
          sign(kindOf(row)),
          h("span", { class: "spoken" }, t("live.strip.bus", { plate: row.plate, next: row.next_stop_name ?? "–" })),
          h("span", { class: "tail", "aria-hidden": "true" }, row.plate.slice(-4)),
        ),
      ),
    ),
  );
}

/**
 * Where buses stand so close that their numbers would meet, these move apart.
 *
 * @param {import("/static/ops/live/strip.js").StripBus[]} buses
 * @param {number} i
 * @returns {string}
 */
function crowding(buses, i) {
  const place = buses[i]?.at ?? 0;
  if ((buses[i + 1]?.at ?? Infinity) - place < CROWDED) return "strip-bus-behind";
  return place - (buses[i - 1]?.at ?? -Infinity) < CROWDED ? "strip-bus-ahead" : "";
}

/**
 * @param {number} seconds
 * @param {number} room pixels between the buses
 * @param {Translate} t
 */
function gapWords(seconds, room, t) {
  if (room < 30) return "";
  return seconds < 60 ? t("live.strip.gap.s", { n: Math.round(seconds) }) : t("live.strip.gap.min", { n: Math.round(seconds / 60) });
}
