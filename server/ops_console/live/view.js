/** What the live section looks like around its map: figures, filters, lists, the chosen bus. State in, nodes out. Pure. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { ageWords, clockTime } from "/static/shared/time.js";
import { KINDS } from "/static/ops/live/fleet.js";
import { ROW_PX, windowOf } from "/static/ops/live/lists.js";
import { TABS, hasEnded } from "/static/ops/live/state.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/dom.js").Node_} Node_
 * @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow
 * @typedef {import("/static/ops/live/fleet.js").Fleet} Fleet
 * @typedef {import("/static/ops/live/fleet.js").Kind} Kind
 * @typedef {import("/static/ops/live/state.js").State} State
 * @typedef {import("/static/ops/live/state.js").Tab} Tab
 * @typedef {import("/static/ops/live/lists.js").BellLine} BellLine
 *
 * What is shown of the fleet at this moment: slots in the list's order, bells in theirs, and the choices of the filters.
 * @typedef {{fleet: Fleet, slots: number[], bells: BellLine[], garages: string[], routes: {id: string, name: string}[], tilesBy: string}} Shown
 */

const COLUMNS = { buses: ["route", "bus", "state", "next", "age"], bells: ["rung", "route", "stop", "state", "bus"] };
const BONES = 9;

/**
 * @param {State} state
 * @param {Translate} t
 */
export function figures(state, t) {
  const m = state.metrics;
  const alert = m?.fix_to_alert_ms;
  const shown = m?.ring_to_shown_ms;
  return [
    figure("fix_to_alert", ms(alert?.["p99"], t), windowWords(alert, t), false, t),
    figure("ring_to_shown", ms(shown?.["p50"], t), windowWords(shown, t), false, t),
    figure("bells_open", m ? String(m.bells_open) : "–", m ? t("live.figure.now") : "", false, t),
    figure(
      "terminals_silent",
      m ? String(m.terminals_silent) : "–",
      m ? t("live.figure.of", { n: m.terminals_up }) : "",
      (m?.terminals_silent ?? 0) > 0,
      t,
    ),
  ];
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} window
 * @param {boolean} wrong
 * @param {Translate} t
 */
function figure(name, value, window, wrong, t) {
  return h(
    "div",
    { key: name, class: wrong ? "figure figure-wrong" : "figure" },
    h("dt", {}, t(`live.figure.${name}`)),
    h("dd", {}, h("b", {}, value), h("span", { class: "window" }, window)),
  );
}

/**
 * @param {Record<string, number | null> | undefined} latency
 * @param {Translate} t
 */
function windowWords(latency, t) {
  const n = latency?.["n"];
  if (!n) return latency ? t("live.figure.none") : "";
  const minutes = Math.max(1, Math.round((latency["window_s"] ?? 0) / 60));
  return t("live.figure.window", { n, minutes });
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
 * @param {Shown} shown
 * @param {Translate} t
 */
export function side(state, shown, t) {
  return [
    h("div", { key: "tools", class: "tools" }, tools(state, shown, t)),
    h("div", { key: "tabs", class: "tabs", role: "tablist", "aria-label": t("ops.section.live") }, TABS.map((tab) => tabButton(tab, state, shown, t))),
    state.tab === "buses" ? busPanel(state, shown, t) : bellPanel(state, shown, t),
  ];
}

/**
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
function tools({ filter }, { routes, garages }, t) {
  return [
    h("label", { key: "search", class: "search" }, h("span", { class: "spoken" }, t("live.search")), h("input", { type: "search", id: "search", placeholder: t("live.search"), autocomplete: "off" })),
    select("routeId", filter.routeId, t("live.filter.route"), routes.map(({ id, name }) => [id, name]), t),
    select("kind", filter.kind, t("live.filter.kind"), [...KINDS].reverse().map((kind) => [kind, t(`live.kind.${kind}`)]), t),
    garages.length > 1 ? select("garage", filter.garage, t("live.filter.garage"), garages.map((one) => [one, one]), t) : null,
  ];
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} label
 * @param {string[][]} options value and text
 * @param {Translate} t
 */
function select(name, value, label, options, t) {
  return h(
    "label",
    { key: name, class: value === "" ? "select" : "select select-on" },
    h("span", { class: "spoken" }, label),
    h(
      "select",
      { "data-filter": name },
      h("option", { key: "", value: "", selected: value === "" }, t("live.filter.all", { what: label })),
      options.map(([id, text]) => h("option", { key: id, value: id, selected: value === id }, text)),
    ),
  );
}

/**
 * @param {Tab} tab
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
function tabButton(tab, state, shown, t) {
  const count = tab === "buses" ? (state.buses === "here" ? shown.slots.length : undefined) : state.bells === null ? undefined : shown.bells.length;
  const chosen = state.tab === tab;
  return h(
    "button",
    {
      key: tab,
      id: `tab-${tab}`,
      type: "button",
      role: "tab",
      "data-act": "tab",
      "data-tab": tab,
      "aria-selected": String(chosen),
      "aria-controls": `panel-${tab}`,
      tabindex: chosen ? "0" : "-1",
    },
    t(`live.${tab}`),
    count === undefined ? null : h("span", { class: "count" }, count.toLocaleString()),
  );
}

/**
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
function busPanel(state, { fleet, slots }, t) {
  if (state.buses === "waiting") return panel("buses", state, [headings("buses", state, t), bones("buses")], null, t);
  if (slots.length === 0) {
    return panel("buses", state, [h("p", { key: "empty", class: "empty" }, t(fleet.count === 0 ? "live.buses.empty" : "ops.search.empty"))], 0, t);
  }
  const seen = windowOf(slots.length, state.scrolls.buses);
  const rows = slots.slice(seen.first, seen.end).map((slot, i) => busRow(slot, seen.first + i, state, fleet, t));
  return panel("buses", state, [headings("buses", state, t), scroller("buses", state, slots.length, rows, t)], slots.length, t);
}

/**
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
function bellPanel(state, { bells }, t) {
  if (state.bells === null) return panel("bells", state, [headings("bells", state, t), bones("bells")], null, t);
  if (bells.length === 0) {
    return panel("bells", state, [h("p", { key: "empty", class: "empty" }, t(Object.keys(state.bells).length === 0 ? "live.bells.empty" : "ops.search.empty"))], 0, t);
  }
  const seen = windowOf(bells.length, state.scrolls.bells);
  const rows = bells.slice(seen.first, seen.end).map((line, i) => bellRow(line, seen.first + i, state, t));
  return panel("bells", state, [headings("bells", state, t), scroller("bells", state, bells.length, rows, t)], bells.length, t);
}

/**
 * @param {Tab} tab
 * @param {State} state
 * @param {import("/static/shared/dom.js").Loose[]} body
 * @param {number | null} count  null while nobody knows
 * @param {Translate} t
 */
function panel(tab, state, body, count, t) {
  const grid = count === 0 ? {} : { role: "grid", "aria-rowcount": String(count === null ? -1 : count + 1), "aria-label": t(`live.${tab}`) };
  return h(
    "section",
    { key: tab, id: `panel-${tab}`, class: state.link.live ? "panel" : "panel panel-old", role: "tabpanel", "aria-labelledby": `tab-${tab}`, "aria-busy": String(tab === "buses" && state.buses === "waiting") },
    h("div", { key: count === 0 ? "other" : "grid", class: `grid grid-${tab}`, ...grid }, body),
  );
}

/**
 * @param {Tab} tab
 * @param {State} state
 * @param {Translate} t
 */
function headings(tab, state, t) {
  const order = state.orders[tab];
  return h(
    "div",
    { key: "head", class: "line head", role: "row", "aria-rowindex": "1" },
    COLUMNS[tab].map((column) => {
      const chosen = order.column === column;
      return h(
        "div",
        { key: column, role: "columnheader", class: `cell cell-${column}`, "aria-sort": chosen ? (order.down ? "descending" : "ascending") : null },
        h(
          "button",
          { type: "button", "data-act": "order", "data-tab": tab, "data-column": column },
          t(`live.${tab}.${column}`),
          h("span", { class: "sign", "aria-hidden": "true" }, chosen ? (order.down ? "▾" : "▴") : ""),
        ),
      );
    }),
  );
}

/**
 * @param {Tab} tab
 * @param {State} state
 * @param {number} count
 * @param {Node_[]} rows
 * @param {Translate} t
 */
function scroller(tab, state, count, rows, t) {
  const { active } = state.scrolls[tab];
  return h(
    "div",
    {
      key: "scroll",
      class: "scroll",
      tabindex: "0",
      role: "rowgroup",
      "data-list": tab,
      "aria-label": t("live.walk"),
      "aria-activedescendant": active === null ? null : idOf(tab, active),
    },
    h("div", { class: "all", role: "presentation", "--all": `${count * ROW_PX}px` }, rows),
  );
}

/**
 * @param {Tab} tab
 * @param {string} id
 */
export function idOf(tab, id) {
  return `${tab}-${id}`;
}

/** @param {Tab} tab */
function bones(tab) {
  const lines = Array.from({ length: BONES }, (_, index) => h("div", { key: index, class: "line bone" }, COLUMNS[tab].map((column) => h("span", { key: column }))));
  return h("div", { key: "bones", class: "bones", "aria-hidden": "true" }, lines);
}

/**
 * @param {number} slot
 * @param {number} index
 * @param {State} state
 * @param {Fleet} fleet
 * @param {Translate} t
 */
function busRow(slot, index, state, fleet, t) {
  const row = /** @type {VehicleRow} */ (fleet.rows[slot]);
  const age = ageWords(fleet.ageS(slot, state.nowMs));
  const classes = ["line", state.chosen === row.vehicle_id ? "line-chosen" : "", state.scrolls.buses.active === row.vehicle_id ? "line-active" : ""];
  return h(
    "div",
    {
      key: row.vehicle_id,
      id: idOf("buses", row.vehicle_id),
      class: classes.filter(Boolean).join(" "),
      role: "row",
      "aria-rowindex": String(index + 2),
      "aria-selected": String(state.chosen === row.vehicle_id),
      "data-act": "choose",
      "data-vehicle": row.vehicle_id,
      "--at": `${index * ROW_PX}px`,
    },
    cell("route", h("b", {}, row.route_name ?? t("ops.unknown"))),
    cell("bus", row.plate),
    cell("state", kindWords(fleet, slot, t), row.alerts > 0 ? h("b", { class: "alerts", title: t("live.alerts", { n: row.alerts }) }, row.alerts) : null),
    cell("next", row.next_stop_name ?? "–"),
    cell("age", t(age.key, age.values)),
  );
}

/**
 * @param {string} name
 * @param {...import("/static/shared/dom.js").Loose} body
 */
function cell(name, ...body) {
  return h("div", { key: name, role: "gridcell", class: `cell cell-${name}` }, body);
}

/**
 * Shape, word and colour of what a bus does.
 *
 * @param {Fleet} fleet
 * @param {number} slot
 * @param {Translate} t
 */
function kindWords(fleet, slot, t) {
  const kind = /** @type {Kind} */ (KINDS[/** @type {number} */ (fleet.kind[slot])]);
  const row = /** @type {VehicleRow} */ (fleet.rows[slot]);
  return h("span", { class: "kind" }, sign(kind), t(stateKey(kind, row)));
}

/**
 * @param {Kind} kind
 * @param {VehicleRow} row
 * @returns {string}
 */
function stateKey(kind, row) {
  switch (kind) {
    case "silent":
      return row.stale ? "live.state.stale" : "live.state.down";
    case "astray":
      return row.mismatch ? "ops.phase.mismatch" : "ops.phase.off_route";
    default:
      return `ops.phase.${row.phase}`;
  }
}

/** @type {Record<Kind, string>} */
const SIGNS = {
  running: "M8 1.5 13 14.5 8 11.5 3 14.5Z",
  told: "M8 1.5 13 14.5 8 11.5 3 14.5Z",
  resting: "M8 3.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6Zm0 2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6Z",
  astray: "M8 1.5 14.5 8 8 14.5 1.5 8Z",
  silent: "M3 3h10v10H3V3Zm2 2v6h6V5H5Z",
};

/** @param {Kind} kind */
export function sign(kind) {
  return h("svg", { class: `mark mark-${kind}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, h("path", { d: SIGNS[kind], "fill-rule": "evenodd" }));
}

/**
 * @param {BellLine} line
 * @param {number} index
 * @param {State} state
 * @param {Translate} t
 */
function bellRow(line, index, state, t) {
  const classes = ["line", hasEnded(line) ? "line-old" : "", state.scrolls.bells.active === line.bell ? "line-active" : ""];
  return h(
    "div",
    {
      key: line.bell,
      id: idOf("bells", line.bell),
      class: classes.filter(Boolean).join(" "),
      role: "row",
      "aria-rowindex": String(index + 2),
      "data-act": "bell",
      "data-bell": line.bell,
      "--at": `${index * ROW_PX}px`,
    },
    cell("rung", clockTime(line.rung_ms)),
    cell("route", h("b", {}, line.routeName)),
    cell(
      "stop",
      h("span", { class: `bell-kind bell-kind-${line.kind}` }, icon(line.kind === "board" ? "person" : "stop"), h("span", { class: "spoken" }, t(`ops.kind.${line.kind}`))),
      h("span", { class: "cut" }, line.stop_name),
      line.party > 1 ? h("span", { class: "party" }, t("live.party", { n: line.party })) : null,
      line.needs.map((need) => h("span", { key: need, class: "need" }, icon(need), h("span", { class: "spoken" }, t(`need.${need}`)))),
    ),
    cell("state", h("span", { class: `bell bell-${line.state}` }, t(`ops.bell.${line.state}`)), line.attempt > 1 ? h("span", { class: "attempt" }, t("ops.attempt", { n: line.attempt })) : null),
    cell("bus", line.plate || "–"),
  );
}

/**
 * What stands on the map: words about its state, the legend, the chosen bus.
 *
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
export function overMap(state, shown, t) {
  const slot = state.chosen === null ? undefined : shown.fleet.slotOf(state.chosen);
  return [
    h(
      "div",
      { key: "zoom", class: "zoom" },
      button("in", "+", t("live.zoom.in")),
      button("out", "−", t("live.zoom.out")),
      button("fit", "⤢", t("live.zoom.all")),
    ),
    h(
      "ul",
      { key: "legend", class: "legend", "aria-label": t("live.legend") },
      KINDS.map((kind) => h("li", { key: kind }, sign(kind), t(`live.kind.${kind}`))),
      h("li", { key: "ring" }, h("span", { class: "mark mark-ring" }), t("live.kind.bell")),
    ),
    shown.tilesBy === "" ? null : h("p", { key: "tiles", class: "tiles-by" }, shown.tilesBy),
    state.map === "failed" ? h("p", { key: "failed", class: "map-word", role: "alert" }, t("live.map.failed"), h("button", { class: "button", type: "button", "data-act": "map again" }, t("ops.failed.retry"))) : null,
    state.map === "waiting" ? h("p", { key: "waiting", class: "map-word map-waiting" }, t("live.map.waiting")) : null,
    state.link.live || state.buses === "waiting" ? null : lost(state, t),
    slot === undefined ? null : card(slot, state, shown, t),
  ];
}

/**
 * The sentence is said once; the age that ticks beside it is only to be seen.
 *
 * @param {State} state
 * @param {Translate} t
 */
function lost(state, t) {
  const age = ageWords((state.nowMs - state.link.heardMs) / 1000);
  return h(
    "p",
    { key: "old", class: "map-word map-old" },
    h("span", { role: "alert" }, t("live.lost")),
    h("span", { "aria-hidden": "true" }, t("live.lost.age", { age: t(age.key, age.values) })),
  );
}

/**
 * @param {string} act
 * @param {string} face
 * @param {string} label
 */
function button(act, face, label) {
  return h("button", { key: act, type: "button", class: "zoom-button", "data-act": act, "aria-label": label, title: label }, face);
}

/**
 * @param {number} slot
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
function card(slot, state, { fleet, garages }, t) {
  const row = /** @type {VehicleRow} */ (fleet.rows[slot]);
  const age = ageWords(fleet.ageS(slot, state.nowMs));
  const speed = /** @type {number} */ (fleet.speedMps[slot]);
  return h(
    "section",
    { key: "card", class: "bus-card", "aria-label": t("live.card", { plate: row.plate }) },
    h(
      "header",
      {},
      h("h2", {}, row.route_name ?? t("ops.unknown")),
      h("p", {}, row.plate),
      h("button", { type: "button", class: "close", "data-act": "close card", "aria-label": t("ops.close") }, icon("cross")),
    ),
    h(
      "dl",
      {},
      fact("state", kindWords(fleet, slot, t), t),
      fact("next", row.next_stop_name ?? "–", t),
      fact("speed", Number.isNaN(speed) ? "–" : t("ops.kmh", { n: Math.round(speed * 3.6) }), t),
      fact("age", t(age.key, age.values), t),
      fact("terminal", t(`ops.terminal.${row.terminal}`), t),
      fact("alerts", row.alerts, t),
      row.garage === null || garages.length < 2 ? null : fact("garage", row.garage, t),
    ),
    h(
      "div",
      { class: "card-buttons" },
      h("button", { type: "button", class: "button", "data-act": "follow", "aria-pressed": String(state.follows) }, t(state.follows ? "live.following" : "live.follow")),
      row.route_id === null ? null : h("button", { type: "button", class: "button", "data-act": "strip", "data-route": row.route_id }, t("live.strip.open")),
    ),
  );
}

/**
 * @param {string} name
 * @param {import("/static/shared/dom.js").Loose} value
 * @param {Translate} t
 */
function fact(name, value, t) {
  return h("div", { key: name, class: "fact" }, h("dt", {}, t(`live.fact.${name}`)), h("dd", {}, value));
}
