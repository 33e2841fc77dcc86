/** What the operator's live page looks like: state in, nodes out. Pure. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { ageWords, clockTime } from "/static/shared/time.js";
import { ROWS_SHOWN, SECTIONS, bellLines, busLines, hasEnded } from "/static/ops/live/state.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/live/state.js").State} State
 * @typedef {import("/static/ops/live/state.js").Section} Section
 * @typedef {import("/static/ops/live/state.js").BusLine} BusLine
 * @typedef {import("/static/ops/live/state.js").BellLine} BellLine
 */

const NUMBERS = new Set(["speed", "age", "alerts", "party", "rung", "changed"]);
const BUS_COLUMNS = ["route", "bus", "next", "phase", "terminal", "alerts", "speed", "age"];
const BELL_COLUMNS = ["rung", "route", "stop", "kind", "party", "state", "bus", "changed"];
const BONES = 6;

/**
 * @param {State} state
 * @param {Translate} t
 */
function figures(state, t) {
  const m = state.metrics;
  return [
    figure("fix_to_alert", ms(m?.fix_to_alert_ms["p99"], t), false, t),
    figure("ring_to_shown", ms(m?.ring_to_shown_ms["p50"], t), false, t),
    figure("bells_open", m ? String(m.bells_open) : "–", false, t),
    figure("terminals_silent", m ? String(m.terminals_silent) : "–", (m?.terminals_silent ?? 0) > 0, t),
  ];
}

/**
 * @param {string} name
 * @param {string} value
 * @param {boolean} wrong
 * @param {Translate} t
 */
function figure(name, value, wrong, t) {
  return h(
    "div",
    { key: name, class: wrong ? "figure figure-wrong" : "figure" },
    h("dt", {}, t(`live.figure.${name}`)),
    h("dd", {}, value),
  );
}

/**
 * @param {number | null | undefined} value
 * @param {Translate} t
 */
function ms(value, t) {
  if (value === null || value === undefined) return "–";
  return value >= 10_000 ? t("ops.seconds", { n: (value / 1000).toFixed(0) }) : t("ops.ms", { n: value < 10 ? value.toFixed(1) : value.toFixed(0) });
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  return [
    h("header", { key: "bar", class: "bar" }, h("h1", {}, t("ops.section.live")), h("dl", { id: "figures", class: "figures" }, figures(state, t))),
    h("div", { key: "content", class: "content" }, content(state, t)),
  ];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function content(state, t) {
  return [
    h(
      "div",
      { key: "tools", class: "tools" },
      h(
        "div",
        { class: "tabs", role: "tablist", "aria-label": t("ops.section.live") },
        SECTIONS.map((section) => tab(section, state, t)),
      ),
      h("label", { class: "search" }, h("span", { class: "spoken" }, t("live.search")), h("input", { type: "search", id: "search", placeholder: t("live.search"), autocomplete: "off" })),
    ),
    panel("buses", state, table("buses", BUS_COLUMNS, busLines(state), busRow, state, t), t),
    panel("bells", state, table("bells", BELL_COLUMNS, bellLines(state), bellRow, state, t), t),
  ];
}

/**
 * @param {Section} section
 * @param {State} state
 * @param {Translate} t
 */
function tab(section, state, t) {
  const count = (section === "buses" ? busLines(state) : bellLines(state))?.length;
  const chosen = state.section === section;
  return h(
    "button",
    {
      key: section,
      id: `tab-${section}`,
      type: "button",
      role: "tab",
      "data-act": "section",
      "data-section": section,
      "aria-selected": String(chosen),
      "aria-controls": `panel-${section}`,
      tabindex: chosen ? "0" : "-1",
    },
    t(`live.${section}`),
    count === undefined ? null : h("span", { class: "count" }, count),
  );
}

/**
 * @param {Section} section
 * @param {State} state
 * @param {import("/static/shared/dom.js").Loose} body
 * @param {Translate} t
 */
function panel(section, state, body, t) {
  const classes = ["panel", state.section === section ? "panel-chosen" : "", state.link.live ? "" : "panel-old"];
  return h(
    "section",
    { key: section, id: `panel-${section}`, class: classes.join(" ").trim(), role: "tabpanel", "aria-labelledby": `tab-${section}` },
    h("h2", {}, t(`live.${section}`)),
    body,
  );
}

/**
 * @template T
 * @param {Section} section
 * @param {string[]} columns
 * @param {T[] | null} lines
 * @param {(line: T, state: State, t: Translate) => import("/static/shared/dom.js").Node_} row
 * @param {State} state
 * @param {Translate} t
 */
function table(section, columns, lines, row, state, t) {
  if (lines !== null && lines.length === 0) {
    return h("p", { key: "empty", class: "empty" }, t(state.search === "" ? `live.${section}.empty` : "ops.search.empty"));
  }
  const more = (lines?.length ?? 0) - ROWS_SHOWN;
  return h(
    "div",
    { key: "table", class: "scroll", tabindex: "0", role: "region", "aria-label": t(`live.${section}`) },
    h(
      "table",
      { "aria-busy": String(lines === null) },
      h("thead", {}, h("tr", {}, columns.map((column) => heading(section, column, state, t)))),
      h("tbody", {}, lines === null ? bones(columns.length) : lines.slice(0, ROWS_SHOWN).map((line) => row(line, state, t))),
    ),
    more > 0 ? h("p", { class: "more" }, t("live.more", { n: more })) : null,
  );
}

/**
 * @param {Section} section
 * @param {string} column
 * @param {State} state
 * @param {Translate} t
 */
function heading(section, column, state, t) {
  const order = state.orders[section];
  const chosen = order.column === column;
  return h(
    "th",
    { key: column, scope: "col", class: NUMBERS.has(column) ? "number" : "", "aria-sort": chosen ? (order.down ? "descending" : "ascending") : null },
    h(
      "button",
      { type: "button", "data-act": "order", "data-section": section, "data-column": column },
      t(`live.${section}.${column}`),
      h("span", { class: "sign", "aria-hidden": "true" }, chosen ? (order.down ? "▾" : "▴") : ""),
    ),
  );
}

/** @param {number} columns */
function bones(columns) {
  return Array.from({ length: BONES }, (_, index) =>
    h("tr", { key: `bone${index}`, class: "bone", "aria-hidden": "true" }, h("td", { colspan: columns }, h("span", {}))),
  );
}

/**
 * @param {BusLine} line
 * @param {State} _
 * @param {Translate} t
 */
function busRow(line, _, t) {
  const age = ageWords(line.ageS);
  return h(
    "tr",
    { key: line.vehicle_id, class: line.stale ? "old" : "" },
    h("th", { scope: "row", class: "route" }, line.route_name ?? t("ops.unknown")),
    h("td", { class: "plate" }, line.plate),
    h("td", { class: "name", title: line.next_stop_name }, line.next_stop_name ?? "–"),
    h("td", {}, state_(busState(line), t)),
    h("td", {}, h("span", { class: `terminal terminal-${line.terminal}` }, t(`ops.terminal.${line.terminal}`))),
    h("td", { class: "number" }, line.alerts === 0 ? "–" : h("b", { class: "alerts" }, line.alerts)),
    h("td", { class: "number" }, line.speed_mps === null ? "–" : t("ops.kmh", { n: Math.round(line.speed_mps * 3.6) })),
    h("td", { class: "number" }, t(age.key, age.values)),
  );
}

/**
 * What an operator should know first of a bus: its sign-on is wrong, it has left its route, or what it does.
 * @param {BusLine} line
 */
function busState(line) {
  if (line.mismatch) return "mismatch";
  return line.on_route || line.phase !== "in_service" ? line.phase : "off_route";
}

/**
 * @param {string} phase
 * @param {Translate} t
 */
function state_(phase, t) {
  return h("span", { class: `phase phase-${phase}` }, t(`ops.phase.${phase}`));
}

/**
 * @param {BellLine} line
 * @param {State} state
 * @param {Translate} t
 */
function bellRow(line, state, t) {
  const age = ageWords((state.nowMs + state.serverAheadMs - line.at_ms) / 1000);
  return h(
    "tr",
    { key: line.bell, class: hasEnded(line) ? "old" : "" },
    h("th", { scope: "row", class: "number" }, clockTime(line.rung_ms)),
    h("td", { class: "route" }, line.routeName),
    h("td", { class: "name", title: line.stop_name }, line.stop_name),
    h("td", {}, h("span", { class: `kind kind-${line.kind}` }, icon(line.kind === "board" ? "person" : "stop"), h("span", { class: "spoken" }, t(`ops.kind.${line.kind}`)))),
    h("td", { class: "number" }, line.party, line.needs.map((need) => h("span", { key: need, class: "need" }, icon(need), h("span", { class: "spoken" }, t(`need.${need}`))))),
    h("td", {}, h("span", { class: `bell bell-${line.state}` }, t(`ops.bell.${line.state}`)), line.attempt > 1 ? h("span", { class: "attempt" }, t("ops.attempt", { n: line.attempt })) : null),
    h("td", { class: "plate" }, line.plate || "–"),
    h("td", { class: "number" }, t(age.key, age.values)),
  );
}

