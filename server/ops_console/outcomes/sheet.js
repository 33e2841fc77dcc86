/** One route on one sheet, to be printed: figures, hours, stops in the order of trouble, its pass-bys. Pure. */

import { h } from "/static/shared/dom.js";
import { count, dayTime, windowWords } from "/static/ops/report/format.js";
import { card, empty, head, stale, windowChooser, bones, table } from "/static/ops/report/parts.js";
import { kept } from "/static/ops/outcomes/frame.js";
import { spread } from "/static/ops/outcomes/latency.js";
import { byHour, groupColumns, groupRows, keys, legend } from "/static/ops/outcomes/overview.js";

/**
 * @typedef {import("/static/ops/outcomes/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").Outcomes} Outcomes
 * @typedef {import("/static/ops/report/bodies.d.ts").PassBys} PassBys
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  const { value, problem, atMs } = state.desk.get("outcomes");
  const routes = state.desk.get("routes").value?.routes ?? [];
  const name = routes.find((/** @type {{route_id: string}} */ one) => one.route_id === state.about)?.name ?? state.about;
  return h(
    "div",
    { key: `route-${state.about}`, class: "desk sheet" },
    h("p", { key: "back", class: "desk-tools" }, h("a", { href: "#/outcomes" }, t("outcomes.back.figures"))),
    head(t("sheet.title", { route: name }), [h("button", { key: "print", type: "button", class: "button", "data-act": "print" }, t("sheet.print")), windowChooser(state.window, t)]),
    problem === null ? null : stale(problem, value === null ? null : atMs, t),
    value === null ? (problem === null ? bones(4, t) : null) : content(state, /** @type {Outcomes} */ (value), t),
  );
}

/**
 * @param {State} state
 * @param {Outcomes} outcomes
 * @param {Translate} t
 */
function content(state, outcomes, t) {
  if (outcomes.count === 0) return empty(t("outcomes.empty"), t("outcomes.empty.advice"));
  const shown = state.desk.get("latencies").value?.ring_to_shown;
  const stops = groupRows(outcomes.stops, t);
  return [
    h("p", { key: "window", class: "window" }, windowWords(outcomes, t)),
    h("dl", { key: "keys", class: "keys" }, keys(outcomes, t)),
    h("div", { key: "hours", class: "cards" }, byHour(state, outcomes, t), shown ? spread(state, "sheet", t("latency.riders"), shown, windowWords({ ...outcomes, count: shown.count }, t), undefined, t) : null),
    card({ ...kept(state, "sheet-stops", groupColumns(t("desk.stop"), t), stops), title: t("outcomes.by_stop"), window: outcomes, chart: legend(t), open: true, wide: true }, t),
    passbys(/** @type {PassBys | null} */ (state.desk.get("passbys").value), t),
  ];
}

/**
 * @param {PassBys | null} found
 * @param {Translate} t
 */
function passbys(found, t) {
  if (found === null) return null;
  const columns = [
    { key: "at", name: t("desk.time") },
    { key: "stop", name: t("desk.stop") },
    { key: "bus", name: t("desk.bus") },
    { key: "people", name: t("outcomes.party"), number: true },
  ];
  const rows = found.rows.map((one) => ({ key: one.id, href: `#/passbys/${one.id}`, cells: [dayTime(one.at_ms), one.stop_name, one.plate, count(one.party)], plain: [] }));
  return h(
    "section",
    { key: "passbys", class: "card figure-card", "aria-labelledby": "sheet-passbys" },
    h("h2", { id: "sheet-passbys" }, t("ops.section.passbys")),
    rows.length === 0 ? h("p", { class: "note" }, t("passbys.none")) : table(columns, rows, "sheet-passbys"),
  );
}
