/** What stands around the map: figures, filters, tabs. State in, nodes out. Pure. */

import { h } from "/static/shared/dom.js";
import { KINDS } from "/static/ops/live/fleet.js";
import { bellPanel, busPanel } from "/static/ops/live/lists_view.js";
import { TABS } from "/static/ops/live/state.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/live/fleet.js").Fleet} Fleet
 * @typedef {import("/static/ops/live/state.js").State} State
 * @typedef {import("/static/ops/live/state.js").Tab} Tab
 * @typedef {import("/static/ops/live/lists.js").BellLine} BellLine
 *
 * What is shown of the fleet at this moment: slots in the list's order, bells in theirs, and the choices of the filters.
 * @typedef {{fleet: Fleet, slots: number[], bells: BellLine[], garages: string[], routes: {id: string, name: string}[], tilesBy: string}} Shown
 */

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
