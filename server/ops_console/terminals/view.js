/** Terminals with their troubles, and the history of one. Pure. */

import { h } from "/static/shared/dom.js";
import { ageWords } from "/static/shared/time.js";
import { clock, count, dayTime, wait, windowWords } from "/static/ops/report/format.js";
import { bones, card, empty, head, stale } from "/static/ops/report/parts.js";

/**
 * @typedef {import("/static/ops/terminals/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").Terminals} Terminals
 * @typedef {import("/static/ops/report/bodies.d.ts").TerminalHealth} TerminalHealth
 * @typedef {import("/static/ops/report/bodies.d.ts").TerminalHistory} TerminalHistory
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function list(state, t) {
  const { value, problem, atMs } = state.desk.get("terminals");
  return h(
    "div",
    { key: "list", class: "desk" },
    head(t("ops.section.terminals")),
    problem === null ? null : stale(problem, value === null ? null : atMs, t),
    value === null ? (problem === null ? bones(2, t) : null) : fleet(state, /** @type {Terminals} */ (value), t),
  );
}

/**
 * @param {State} state
 * @param {Terminals} found
 * @param {Translate} t
 */
function fleet(state, found, t) {
  if (found.count === 0) return empty(t("terminals.none"), t("terminals.none.advice"));
  const shown = state.trouble === "" ? found.vehicles : found.vehicles.filter((one) => one.troubles.includes(state.trouble));
  const columns = [
    { key: "bus", name: t("desk.bus") },
    { key: "route", name: t("desk.route") },
    { key: "trouble", name: t("terminals.trouble") },
    { key: "link", name: t("terminals.link") },
    { key: "last", name: t("terminals.last") },
    { key: "skew", name: t("terminals.skew"), number: true },
    { key: "gps", name: t("terminals.gps"), number: true },
    { key: "sound", name: t("terminals.sound") },
    { key: "screen", name: t("terminals.screen") },
  ];
  const rows = shown.map((one) => row(one, state.nowMs, t));
  state.cards.set("terminals", { columns, rows });
  const well = found.vehicles.filter((one) => one.troubles.length === 0).length;
  return [
    h("p", { key: "said", class: "window" }, t("terminals.said", { n: count(found.count), well: count(well), at: clock(found.at_ms) })),
    h(
      "div",
      { key: "troubles", class: "troubles", role: "group", "aria-label": t("terminals.filter") },
      Object.entries(found.by_trouble).map(([trouble, n]) =>
        h(
          "button",
          { key: trouble, type: "button", class: n > 0 ? "key trouble-filter trouble-some" : "key trouble-filter", "data-act": "trouble", "data-trouble": trouble, "aria-pressed": String(state.trouble === trouble) },
          h("span", { class: "trouble-name" }, t(`terminals.trouble.${trouble}`)),
          h("b", {}, count(n)),
        ),
      ),
    ),
    rows.length === 0
      ? empty(t("terminals.filter.none"))
      : h("div", { key: "table", class: "long" }, card({ id: "terminals", title: t("terminals.list"), windowText: t("terminals.shown", { n: count(rows.length) }), chart: null, columns, rows, open: true, wide: true }, t)),
  ];
}

/**
 * @param {TerminalHealth} one
 * @param {number} nowMs
 * @param {Translate} t
 */
function row(one, nowMs, t) {
  const age = one.last_ms === null ? null : ageWords((nowMs - one.last_ms) / 1000);
  const said = (/** @type {string | null} */ part) => (part === null ? "–" : t(`terminals.part.${part}`));
  const troubles = one.troubles.map((trouble) => t(`terminals.trouble.${trouble}`));
  return {
    key: one.vehicle_id,
    href: `#/terminals/${encodeURIComponent(one.vehicle_id)}`,
    cells: [
      one.plate,
      one.route_name ?? "–",
      one.troubles.length === 0 ? h("span", { class: "well" }, t("terminals.well")) : troubles.map((words, i) => h("span", { key: String(i), class: "trouble" }, words)),
      t(`ops.terminal.${one.terminal}`),
      age === null ? "–" : t(age.key, age.values),
      one.skew_s === null ? "–" : t("ops.seconds", { n: (Math.round(one.skew_s * 10) / 10 || 0).toFixed(1) }),
      one.accuracy_m === null ? "–" : `${Math.round(one.accuracy_m)} m`,
      said(one.sound),
      said(one.screen),
    ],
    plain: [one.plate, one.route_name, one.troubles.join(" "), one.terminal, one.last_ms === null ? null : new Date(one.last_ms).toISOString(), one.skew_s, one.accuracy_m, one.sound, one.screen],
  };
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function history(state, t) {
  const { value, problem } = state.desk.get("history");
  const found = /** @type {TerminalHistory | null} */ (value);
  return h(
    "div",
    { key: "history", class: "desk" },
    h("p", { key: "back" }, h("a", { href: "#/terminals" }, t("terminals.back"))),
    head(found?.plate ?? state.about),
    problem === null ? null : stale(problem, null, t),
    found === null ? (problem === null ? bones(1, t) : null) : spells(state, found, t),
  );
}

/**
 * @param {State} state
 * @param {TerminalHistory} found
 * @param {Translate} t
 */
function spells(state, found, t) {
  if (found.rows.length === 0) return empty(t("terminals.history.none"));
  const columns = [
    { key: "from", name: t("terminals.from") },
    { key: "trouble", name: t("terminals.trouble") },
    { key: "to", name: t("terminals.to") },
    { key: "long", name: t("terminals.long"), number: true },
    { key: "value", name: t("terminals.value"), number: true },
  ];
  const rows = spellsOf(found.rows).map((one, i) => ({
    key: String(i),
    cells: [dayTime(one.from_ms), t(`terminals.trouble.${one.trouble}`), one.to_ms === null ? t("terminals.still") : dayTime(one.to_ms), wait((one.to_ms ?? found.at_ms) - one.from_ms, t), one.value === null ? "–" : one.value.toFixed(1)],
    plain: [dayTime(one.from_ms), one.trouble, one.to_ms === null ? null : dayTime(one.to_ms), one.value],
  }));
  state.cards.set("history", { columns, rows });
  return h("div", { key: "cards", class: "cards" }, card({ id: "history", title: t("terminals.history"), windowText: windowWords({ ...found, count: rows.length }, t, "desk.times"), chart: null, columns, rows, open: true, wide: true }, t));
}

/**
 * Beginnings and ends as spells, the newest first. One that began again without an end in between went on (the server
 * was started anew).
 *
 * @param {readonly {at_ms: number, trouble: string, wrong: boolean, value?: number | null}[]} notes oldest first
 * @returns {{from_ms: number, to_ms: number | null, trouble: string, value: number | null}[]}
 */
export function spellsOf(notes) {
  /** @type {{from_ms: number, to_ms: number | null, trouble: string, value: number | null}[]} */
  const spells = [];
  for (const note of notes) {
    const open = spells.find((one) => one.trouble === note.trouble && one.to_ms === null);
    if (note.wrong && open === undefined) spells.push({ from_ms: note.at_ms, to_ms: null, trouble: note.trouble, value: note.value ?? null });
    if (!note.wrong && open !== undefined) open.to_ms = note.at_ms;
  }
  return spells.reverse();
}
