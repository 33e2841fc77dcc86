/** Rides and money as figures, charts and tables. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { columns } from "/static/ops/report/charts.js";
import { count, dayTime, share } from "/static/ops/report/format.js";
import { bones, card, empty, figure, head, plainRows, stale, table, windowChooser } from "/static/ops/report/parts.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/parts.js").Column} Column
 * @typedef {{from_ms: number, to_ms: number, rides: number, charged: number, charged_won: number, void: number, by_card: number,
 *   disputed: number, unsettled: number, corrections: number, corrections_won: number, unpriced: number, confidence: number[]}} RideFigures
 * @typedef {{ride_id: string, what: string, words: string, at_ms: number, fare_won: number | null, route_id: string,
 *   vehicle_id: string, boarded_ms: number, verdict: string | null}} DisputeItem
 * @typedef {{day: string, closed_ms: number, entries: number, debit_won: number, seal: string}} LedgerDay
 * @typedef {{rows: {account: string, debit_won: number, credit_won: number, won: number}[], sum_won: number}} TrialBalance
 * @typedef {{device: string, watermark: number, highest: number, missing: [number, number][]}} DeviceItem
 */

const FILES = /** @type {const} */ (["rides.csv", "entries.csv", "fare_transactions.csv"]);

/**
 * @param {import("/static/ops/fares/main.js").State} state
 * @param {Translate} t
 */
export function page(state, t) {
  const { value, problem, atMs } = state.desk.get("rides");
  const figures = /** @type {RideFigures | null} */ (value);
  return h(
    "div",
    { class: "desk" },
    head(t("ops.section.fares"), windowChooser(state.window, t)),
    problem === null ? null : stale(problem, figures === null ? null : atMs, t),
    figures === null ? (problem === null ? bones(4, t) : null) : content(state, figures, t),
  );
}

/**
 * @param {import("/static/ops/fares/main.js").State} state
 * @param {RideFigures} figures
 * @param {Translate} t
 */
function content(state, figures, t) {
  return [
    h(
      "dl",
      { key: "keys", class: "keys" },
      figure({ name: t("fares.charged"), value: t("fares.won", { won: count(figures.charged_won) }), of: t("fares.of_rides", { n: count(figures.charged), all: count(figures.rides) }) }),
      figure({ name: t("fares.void"), value: share(figures.void, figures.rides), of: t("fares.rides", { n: count(figures.void) }) }),
      figure({ name: t("fares.corrections"), value: count(figures.corrections), of: t("fares.won", { won: count(figures.corrections_won) }) }),
      figure({ name: t("fares.disputed"), value: share(figures.disputed, figures.rides), of: t("fares.rides", { n: count(figures.disputed) }) }),
      figure({ name: t("fares.unpriced"), value: count(figures.unpriced), of: t("fares.unpriced.of") }),
    ),
    h("p", { key: "files", class: "files" }, FILES.map((name) => h("a", { key: name, class: "button", href: `/v1/ledger/exports/${name}?${state.asked}`, download: true }, t("fares.file", { name })))),
    h("div", { key: "cards", class: "cards" }, confidence(state, figures, t), balance(state, t), disputes(state, t), days(state, t), missing(state, t)),
  ];
}

/**
 * @param {import("/static/ops/fares/main.js").State} state
 * @param {RideFigures} figures
 * @param {Translate} t
 */
function confidence(state, figures, t) {
  const bars = figures.confidence.map((n, i) => ({ label: `${i * 10}`, value: n, said: count(n) }));
  const shown = [
    { key: "sure", name: t("fares.sure") },
    { key: "rides", name: t("fares.number"), number: true },
  ];
  const rows = plainRows(figures.confidence.map((n, i) => [t("fares.sure.step", { from: i * 10, to: i === 9 ? 100 : i * 10 + 9 }), n]));
  state.cards.set("confidence", { columns: shown, rows });
  const window = { from_ms: figures.from_ms, to_ms: figures.to_ms, count: figures.confidence.reduce((sum, n) => sum + n, 0) };
  return card({ id: "confidence", title: t("fares.confidence"), windowText: t("fares.window", { n: count(window.count), from: dayTime(window.from_ms), to: dayTime(window.to_ms) }), chart: columns({ label: t("fares.confidence"), bars, every: 3 }), columns: shown, rows }, t);
}

/**
 * @param {import("/static/ops/fares/main.js").State} state
 * @param {Translate} t
 */
function balance(state, t) {
  const found = /** @type {TrialBalance | null} */ (state.desk.get("trial-balance").value);
  if (found === null) return null;
  const shown = [
    { key: "account", name: t("fares.account") },
    { key: "debit", name: t("fares.debit"), number: true },
    { key: "credit", name: t("fares.credit"), number: true },
    { key: "won", name: t("fares.difference"), number: true },
  ];
  const rows = plainRows([
    ...found.rows.map((row) => /** @type {[string, ...(string | number)[]]} */ ([accountName(row.account, t), count(row.debit_won), count(row.credit_won), count(row.won)])),
    [t("fares.sum"), "", "", count(found.sum_won)],
  ]);
  return listed("balance", t("fares.balance"), t(found.sum_won === 0 ? "fares.balance.even" : "fares.balance.odd"), shown, rows);
}

/**
 * @param {string} account
 * @param {Translate} t
 */
function accountName(account, t) {
  const [kind, rest] = account.split(":");
  return rest === undefined ? t("fares.account.riders") : t(`fares.account.${kind}`, { name: rest });
}

/**
 * @param {import("/static/ops/fares/main.js").State} state
 * @param {Translate} t
 */
function disputes(state, t) {
  const found = /** @type {{disputes: DisputeItem[]} | null} */ (state.desk.get("disputes").value);
  if (found === null) return null;
  if (found.disputes.length === 0) return empty(t("fares.disputes.none"));
  const shown = [
    { key: "at", name: t("fares.said_at") },
    { key: "ride", name: t("fares.ride"), wide: true },
    { key: "what", name: t("fares.what"), wide: true },
    { key: "fare", name: t("fares.fare"), number: true },
    { key: "verdict", name: t("fares.verdict") },
  ];
  const rows = found.disputes.map((one) => ({
    key: one.ride_id,
    cells: [
      dayTime(one.at_ms),
      t("fares.ride.of", { route: one.route_id, vehicle: one.vehicle_id, at: dayTime(one.boarded_ms) }),
      [t(`fares.what.${one.what}`), one.words === "" ? "" : ` · ${one.words}`],
      one.fare_won === null ? "–" : count(one.fare_won),
      one.verdict === null ? verdicts(one, t) : t(`fares.verdict.${one.verdict}`),
    ],
    plain: [],
  }));
  return listed("disputes", t("fares.disputes"), t("fares.disputes.said"), shown, rows);
}

/**
 * @param {DisputeItem} one
 * @param {Translate} t
 */
function verdicts(one, t) {
  return h(
    "span",
    { class: "verdicts" },
    ["not_charged", "stands"].map((verdict) => h("button", { key: verdict, type: "button", class: "button", "data-act": "rule", "data-ride": one.ride_id, "data-verdict": verdict, "data-n": 1 }, t(`fares.rule.${verdict}`))),
  );
}

/**
 * @param {import("/static/ops/fares/main.js").State} state
 * @param {Translate} t
 */
function days(state, t) {
  const found = /** @type {{days: LedgerDay[]} | null} */ (state.desk.get("days").value);
  if (found === null) return null;
  if (found.days.length === 0) return empty(t("fares.days.none"), t("fares.days.said"));
  const shown = [
    { key: "day", name: t("fares.day") },
    { key: "entries", name: t("fares.entries"), number: true },
    { key: "debit", name: t("fares.turnover"), number: true },
    { key: "seal", name: t("fares.seal"), wide: true },
  ];
  const rows = found.days.map((one) => ({ key: one.day, cells: [one.day, count(one.entries), count(one.debit_won), h("span", { class: "seal" }, one.seal)], plain: [] }));
  return listed("days", t("fares.days"), t("fares.days.said"), shown, rows);
}

/**
 * @param {import("/static/ops/fares/main.js").State} state
 * @param {Translate} t
 */
function missing(state, t) {
  const devices = /** @type {{devices: DeviceItem[]} | null} */ (state.desk.get("devices").value)?.devices ?? [];
  const conflicts = /** @type {{conflicts: {fact_id: string, at_ms: number}[]} | null} */ (state.desk.get("conflicts").value)?.conflicts ?? [];
  const rows = plainRows([
    ...devices.flatMap((one) => one.missing.map(([first, last]) => /** @type {[string, string]} */ ([one.device, t("fares.missing", { first, last })]))),
    ...conflicts.map((one) => /** @type {[string, string]} */ ([one.fact_id, t("fares.conflict", { at: dayTime(one.at_ms) })])),
  ]);
  if (rows.length === 0) return null;
  const shown = [
    { key: "about", name: t("fares.about") },
    { key: "what", name: t("fares.what"), wide: true },
  ];
  return listed("missing", t("fares.inspect"), t("fares.inspect.said"), shown, rows);
}

/**
 * @param {string} id
 * @param {string} title
 * @param {string} said
 * @param {Column[]} shown
 * @param {import("/static/ops/report/parts.js").Row[]} rows
 */
function listed(id, title, said, shown, rows) {
  return h("section", { key: id, class: "card figure-card figure-wide" }, h("h2", { id: `card-${id}` }, title), h("p", { class: "note" }, said), table(shown, rows, `card-${id}`));
}
