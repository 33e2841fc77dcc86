/** What the views of fares share: head, tabs, the states before there is something to show, money in words. Pure. */

import { h } from "/static/shared/dom.js";
import { count } from "/static/ops/report/format.js";
import { bones, empty, head, stale } from "/static/ops/report/parts.js";

/**
 * @typedef {import("/static/ops/fares/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/dom.js").Loose} Loose
 * @typedef {import("/static/ops/report/parts.js").Column} Column
 * @typedef {import("/static/ops/report/parts.js").Row} Row
 */

const TABS = /** @type {const} */ ({ rides: "#/fares", disputes: "#/fares/disputes", books: "#/fares/books" });

/**
 * @param {State} state
 * @param {Translate} t
 * @param {{answers: string[], cards: number, tools?: Loose, ledger: boolean}} how
 *   `answers`: whose coming is awaited; `cards`: bones until then; `ledger`: nothing to show where rides cost nothing
 * @param {(values: any[]) => Loose} content
 */
export function frame(state, t, { answers, cards, tools, ledger }, content) {
  const found = answers.map((name) => state.desk.get(name));
  const wrong = found.find(({ problem }) => problem !== null);
  const complete = found.every(({ value }) => value !== null);
  const oldest = Math.min(...found.map(({ atMs }) => atMs));
  return h(
    "div",
    { key: state.view, class: "desk" },
    head(t("ops.section.fares"), tools),
    h("nav", { key: "tabs", class: "desk-tabs", "aria-label": t("fares.tabs") }, Object.entries(TABS).map(([id, href]) => h("a", { key: id, href, "aria-current": id === state.view.replace(/^ride$/, "rides") ? "page" : null }, t(`fares.tab.${id}`)))),
    wrong === undefined || wrong.problem === null ? null : stale(wrong.problem, complete ? oldest : null, t),
    ledger && state.free ? empty(t("fares.free"), t("fares.free.advice")) : complete ? content(found.map(({ value }) => value)) : wrong === undefined ? bones(cards, t) : null,
  );
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

/**
 * @param {number | null} amount
 * @param {Translate} t
 */
export function won(amount, t) {
  return amount === null ? "–" : t("fares.won.of", { won: count(amount) });
}

/**
 * @param {string} state
 * @param {Translate} t
 */
export function mark(state, t) {
  return h("span", { class: `ride-state ride-state-${state}` }, t(`fares.state.${state}`));
}
