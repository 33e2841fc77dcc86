/** Buses that went through a stop at which somebody waited for them. Pure. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { count, dayTime, windowWords } from "/static/ops/report/format.js";
import { bones, chooser, empty, head, outcomeTabs, query, stale, table, windowChooser } from "/static/ops/report/parts.js";

/**
 * @typedef {import("/static/ops/passbys/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").PassBys} PassBys
 * @typedef {import("/static/ops/report/bodies.d.ts").PassByRow} PassByRow
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function list(state, t) {
  const { value, problem, atMs } = state.desk.get("passbys");
  const routes = state.desk.get("routes").value?.routes ?? [];
  const named = routes.map((/** @type {{route_id: string, name: string}} */ one) => /** @type {[string, string]} */ ([one.route_id, one.name]));
  return h(
    "div",
    { key: "list", class: "desk" },
    head(t("ops.section.outcomes"), [chooser("route", t("desk.route"), state.routeId, [["", t("desk.route.all")], ...named]), windowChooser(state.window, t)]),
    outcomeTabs("passbys", t),
    h("p", { key: "note", class: "note" }, t("passbys.said")),
    problem === null ? null : stale(problem, value === null ? null : atMs, t),
    value === null ? (problem === null ? bones(1, t) : null) : rows(state, /** @type {PassBys} */ (value), t),
  );
}

/**
 * @param {State} state
 * @param {PassBys} found
 * @param {Translate} t
 */
function rows(state, found, t) {
  if (found.rows.length === 0) return empty(t("passbys.none.list"), t("passbys.none.advice"));
  const asked = query({ from_ms: found.from_ms, to_ms: found.to_ms, route_id: state.routeId, stop_id: state.stopId });
  const columns = [
    { key: "at", name: t("desk.time") },
    { key: "route", name: t("desk.route") },
    { key: "stop", name: t("desk.stop") },
    { key: "bus", name: t("desk.bus") },
    { key: "people", name: t("passbys.people"), number: true },
    { key: "visit", name: t("passbys.visit") },
    { key: "sure", name: t("passbys.confidence"), number: true },
    { key: "report", name: t("passbys.report") },
  ];
  return [
    h(
      "div",
      { key: "said", class: "desk-head" },
      h("p", { class: "window", id: "passbys-title" }, windowWords(found, t, "desk.passbys"), state.stopId ? ` · ${found.rows[0]?.stop_name ?? state.stopId}` : ""),
      h(
        "span",
        {},
        h("a", { class: "csv", href: `/v1/ops/exports/passbys.csv?${asked}`, download: true }, t("desk.csv")),
        h("a", { class: "csv", href: `/v1/ops/exports/passbys.geojson?${asked}`, download: true }, "GeoJSON"),
      ),
    ),
    h("div", { key: "table", class: "long" }, table(columns, found.rows.map((one) => line(one, t)), "passbys-title")),
  ];
}

/**
 * @param {PassByRow} one
 * @param {Translate} t
 */
function line(one, t) {
  return {
    key: one.id,
    href: `#/passbys/${one.id}`,
    cells: [
      dayTime(one.at_ms),
      one.route_name,
      one.stop_name,
      one.plate,
      [count(one.party), one.needs.map((need) => h("span", { key: need, class: "need" }, icon(need), h("span", { class: "spoken" }, t(`need.${need}`))))],
      visitWords(one, t),
      one.confidence === null ? "–" : `${Math.round(one.confidence * 100)} %`,
      one.reported ? h("span", { class: "tag tag-passed" }, t("passbys.reported")) : "–",
    ],
    plain: [],
  };
}

/**
 * @param {PassByRow} one
 * @param {Translate} t
 * @returns {string}
 */
export function visitWords(one, t) {
  if (one.outcome === null) return t("passbys.visit.none");
  return one.outcome === "stopped" ? t("passbys.visit.stopped", { s: Math.round(one.stood_s ?? 0) }) : t(`passbys.visit.${one.outcome}`);
}
