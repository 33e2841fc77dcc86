/** The two lists at the map's side; of ten thousand lines only those in sight are drawn. State in, nodes out. Pure. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { ageWords, clockTime } from "/static/shared/time.js";
import { ROW_PX, windowOf } from "/static/ops/live/lists.js";
import { kindWords } from "/static/ops/live/signs.js";
import { hasEnded } from "/static/ops/live/state.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/dom.js").Node_} Node_
 * @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow
 * @typedef {import("/static/ops/live/fleet.js").Fleet} Fleet
 * @typedef {import("/static/ops/live/state.js").State} State
 * @typedef {import("/static/ops/live/state.js").Tab} Tab
 * @typedef {import("/static/ops/live/lists.js").BellLine} BellLine
 * @typedef {import("/static/ops/live/view.js").Shown} Shown
 */

const COLUMNS = { buses: ["route", "bus", "state", "next", "age"], bells: ["rung", "route", "stop", "state", "bus"] };
const BONES = 9;

/**
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
export function busPanel(state, { fleet, slots }, t) {
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
export function bellPanel(state, { bells }, t) {
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
function idOf(tab, id) {
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
