/** What the pages of figures are made of: heads, windows of time, cards with a chart, its table and its CSV. Pure but for `save`. */

import { h } from "/static/shared/dom.js";
import { csvText, dayTime, windowWords } from "/static/ops/report/format.js";

/**
 * @typedef {import("/static/shared/dom.js").Node_} Node_
 * @typedef {import("/static/shared/dom.js").Loose} Loose
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {string | number | null} Cell
 * @typedef {{key: string, name: string, number?: boolean, wide?: boolean}} Column
 * @typedef {{cells: Loose[], plain: Cell[], href?: string, key: string}} Row
 * @typedef {{from_ms: number, to_ms: number, count: number}} Window
 */

const HOUR_MS = 3_600_000;
/** The windows that one press chooses: hours back from now. */
export const WINDOWS = /** @type {const} */ ({ hour: 1, day: 24, week: 168, month: 720 });

/** @typedef {keyof typeof WINDOWS} WindowName */

/**
 * @param {WindowName} name
 * @param {number} nowMs
 * @returns {{from_ms: number, to_ms: number}}
 */
export function windowOf(name, nowMs) {
  return { from_ms: nowMs - WINDOWS[name] * HOUR_MS, to_ms: nowMs + 1_000 };
}

/**
 * What of an address stands for the filters, as the server's query.
 *
 * @param {Record<string, string | number | boolean | null | undefined>} fields
 * @returns {string}
 */
export function query(fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

/**
 * @param {string} title
 * @param {Loose} [tools]
 * @returns {Node_}
 */
export function head(title, tools) {
  return h("header", { key: "head", class: "desk-head" }, h("h1", {}, title), h("div", { class: "desk-tools" }, tools));
}

/**
 * @param {WindowName} chosen
 * @param {Translate} t
 * @returns {Node_}
 */
export function windowChooser(chosen, t) {
  return h(
    "div",
    { class: "choice", role: "group", "aria-label": t("desk.window.choose") },
    Object.keys(WINDOWS).map((name) =>
      h("button", { key: name, type: "button", class: "button", "data-act": "window", "data-window": name, "aria-pressed": String(name === chosen) }, t(`desk.window.${name}`)),
    ),
  );
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} chosen
 * @param {readonly (readonly [string, string])[]} options value and words; the first is "all"
 * @returns {Node_}
 */
export function chooser(id, label, chosen, options) {
  return h(
    "label",
    { key: id, class: "pick" },
    h("span", { class: "spoken" }, label),
    h(
      "select",
      { id, name: id },
      options.map(([value, text]) => h("option", { key: value, value, selected: value === chosen }, text)),
    ),
  );
}

/**
 * Tabs as links: each has an address of its own.
 *
 * @param {readonly {id: string, href: string, name: string}[]} tabs
 * @param {string} chosen
 * @param {string} label
 * @returns {Node_}
 */
function tabs(tabs, chosen, label) {
  return h(
    "nav",
    { key: "tabs", class: "desk-tabs", "aria-label": label },
    tabs.map(({ id, href, name }) => h("a", { key: id, href, "aria-current": id === chosen ? "page" : null }, name)),
  );
}

/** The views of outcomes, in the order of their tabs; pass-bys are a section of their own. */
const VIEWS = /** @type {const} */ ({ figures: "#/outcomes", bells: "#/outcomes/bells", passbys: "#/passbys", latency: "#/outcomes/latency", map: "#/outcomes/map", abuse: "#/outcomes/abuse" });

/**
 * @param {string} chosen
 * @param {Translate} t
 * @returns {Node_}
 */
export function outcomeTabs(chosen, t) {
  return tabs(Object.entries(VIEWS).map(([id, href]) => ({ id, href, name: t(`desk.tab.${id}`) })), chosen, t("desk.tabs"));
}

/**
 * A large number with what it is of.
 *
 * @param {{name: string, value: string, of: string, tone?: string}} figure
 * @returns {Node_}
 */
export function figure({ name, value, of, tone = "plain" }) {
  return h("div", { key: name, class: `key key-${tone}` }, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "of" }, of));
}

/**
 * A chart with its window, its table and its CSV: none is shown without them.
 *
 * @param {{
 *   id: string, title: string, window?: Window, windowText?: string, chart: Loose, columns: Column[], rows: Row[],
 *   csv?: string, open?: boolean, wide?: boolean, note?: string,
 * }} card  `csv`: address of the server's file; without it the table's own cells are saved
 * @param {Translate} t
 * @returns {Node_}
 */
export function card({ id, title, window, windowText, chart, columns, rows, csv, open = false, wide = false, note }, t) {
  const said = windowText ?? (window ? windowWords(window, t) : "");
  return h(
    "section",
    { key: id, class: wide ? "card figure-card figure-wide" : "card figure-card", "aria-labelledby": `card-${id}` },
    h("h2", { id: `card-${id}` }, title),
    h("p", { class: "window" }, said),
    note ? h("p", { class: "note" }, note) : null,
    chart,
    h(
      "div",
      { class: "card-foot" },
      h("details", { open }, h("summary", {}, t("desk.table")), table(columns, rows, `card-${id}`)),
      csv
        ? h("a", { class: "csv", href: csv, download: true, "aria-label": t("desk.csv.of", { what: title }) }, t("desk.csv"))
        : h("button", { class: "csv", type: "button", "data-act": "csv", "data-card": id, "aria-label": t("desk.csv.of", { what: title }) }, t("desk.csv")),
    ),
  );
}

/**
 * @param {readonly Column[]} columns
 * @param {readonly Row[]} rows
 * @param {string} labelledBy
 * @returns {Node_}
 */
export function table(columns, rows, labelledBy) {
  return h(
    "div",
    { class: "desk-scroll", tabindex: 0, role: "group", "aria-labelledby": labelledBy },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, columns.map((column) => h("th", { key: column.key, scope: "col", class: column.number ? "number" : null }, column.name)))),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            { key: row.key },
            row.cells.map((cell, i) => {
              const column = columns[i];
              const content = i === 0 && row.href ? h("a", { href: row.href }, cell) : cell;
              return h(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: column?.number ? "number" : column?.wide ? "wide" : null }, content);
            }),
          ),
        ),
      ),
    ),
  );
}

/**
 * Rows whose cells are plain texts and numbers.
 *
 * @param {readonly (readonly [string, ...Cell[]])[]} rows the first cell is also the key
 * @returns {Row[]}
 */
export function plainRows(rows) {
  return rows.map((cells, i) => ({ key: `${i}-${cells[0]}`, cells: [...cells], plain: [...cells] }));
}

/**
 * Let the browser keep a table as a file.
 *
 * @param {string} name
 * @param {readonly Column[]} columns
 * @param {readonly Row[]} rows
 */
export function save(name, columns, rows) {
  const text = csvText(columns.map((column) => column.name), rows.map((row) => row.plain));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = `ridebell-${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/**
 * While nothing has come: the shape of what will.
 *
 * @param {number} cards
 * @param {Translate} t
 * @returns {Node_}
 */
export function bones(cards, t) {
  return h(
    "div",
    { key: "bones", class: "cards", role: "status", "aria-label": t("desk.loading") },
    Array.from({ length: cards }, (_, i) => h("div", { key: String(i), class: "card figure-card bone" }, h("span", {}), h("span", {}), h("span", { class: "bone-chart" }))),
  );
}

/**
 * @param {string} words
 * @param {string} [advice]
 * @returns {Node_}
 */
export function empty(words, advice) {
  return h("div", { key: "empty", class: "card desk-empty" }, h("p", {}, words), advice ? h("p", { class: "note" }, advice) : null);
}

/**
 * What could not be asked, with what is shown meanwhile and a button to ask again.
 *
 * @param {string} message
 * @param {number | null} atMs of when the figures still shown are
 * @param {Translate} t
 * @returns {Node_}
 */
export function stale(message, atMs, t) {
  return h(
    "div",
    { key: "stale", class: "desk-stale", role: "alert" },
    h("p", {}, message),
    atMs === null ? null : h("p", {}, t("desk.stale", { at: dayTime(atMs) })),
    h("button", { type: "button", class: "button", "data-act": "again" }, t("ops.failed.retry")),
  );
}

/**
 * @param {string} state
 * @param {Translate} t
 * @returns {Node_}
 */
export function stateMark(state, t) {
  return h("span", { class: `bell-state bell-state-${state}` }, t(`ops.bell.${state}`));
}
