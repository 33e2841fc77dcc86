/** What the views of outcomes share: the head with window and route, the tabs, what is shown while nothing has come. Pure. */

import { h } from "/static/shared/dom.js";
import { bones, chooser, head, outcomeTabs, stale, windowChooser } from "/static/ops/report/parts.js";

/**
 * @typedef {import("/static/ops/outcomes/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/dom.js").Loose} Loose
 * @typedef {import("/static/ops/report/parts.js").Column} Column
 * @typedef {import("/static/ops/report/parts.js").Row} Row
 */

/**
 * @param {State} state
 * @param {Translate} t
 * @param {{answer: string, cards: number, tools?: Loose}} how  `answer`: whose coming is awaited; `cards`: bones until then
 * @param {(value: any) => Loose} content
 */
export function frame(state, t, { answer, cards, tools }, content) {
  const { value, problem, atMs } = state.desk.get(answer);
  const routes = state.desk.get("routes").value?.routes ?? [];
  return h(
    "div",
    { key: state.view, class: "desk" },
    head(t("ops.section.outcomes"), [
      state.view === "abuse" ? null : chooser("route", t("desk.route"), state.routeId, [["", t("desk.route.all")], ...routes.map(named)]),
      tools,
      windowChooser(state.window, t),
    ]),
    outcomeTabs(state.view, t),
    problem === null ? null : stale(problem, value === null ? null : atMs, t),
    value === null ? (problem === null ? bones(cards, t) : null) : content(value),
  );
}

/**
 * @param {{route_id: string, name: string}} route
 * @returns {[string, string]}
 */
function named({ route_id, name }) {
  return [route_id, name];
}

/**
 * Remember what a card's CSV is made of, and give both to the card.
 *
 * @param {State} state
 * @param {string} id
 * @param {Column[]} columns
 * @param {Row[]} rows
 */
export function kept(state, id, columns, rows) {
  state.cards.set(id, { columns, rows });
  return { id, columns, rows };
}
