/** The books: closed days, the trial balance, what was refused, what devices have not sent. Pure. */

import { h } from "/static/shared/dom.js";
import { count, dayTime } from "/static/ops/report/format.js";
import { card } from "/static/ops/report/parts.js";
import { frame, kept, won } from "/static/ops/fares/frame.js";

/**
 * @typedef {import("/static/ops/fares/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").LedgerDays} LedgerDays
 * @typedef {import("/static/ops/report/bodies.d.ts").TrialBalance} TrialBalance
 * @typedef {import("/static/ops/report/bodies.d.ts").Conflicts} Conflicts
 * @typedef {import("/static/ops/report/bodies.d.ts").DeviceList} DeviceList
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  const answers = ["days", "trial-balance", "conflicts", "devices"];
  return frame(state, t, { answers, cards: 2, ledger: true }, ([days, balance, conflicts, devices]) => {
    const atMs = state.desk.get("trial-balance").atMs;
    return h("div", { key: "cards", class: "cards" }, trial(state, balance, atMs, t), closed(state, days, t), refused(state, conflicts, t), missing(state, devices, t));
  });
}

/**
 * @param {State} state
 * @param {TrialBalance} found
 * @param {number} atMs
 * @param {Translate} t
 */
function trial(state, { rows: accounts, sum_won }, atMs, t) {
  const columns = [
    { key: "account", name: t("fares.account") },
    { key: "debit", name: t("fares.debit"), number: true },
    { key: "credit", name: t("fares.credit"), number: true },
    { key: "won", name: t("fares.balance"), number: true },
  ];
  const rows = accounts.map((one) => ({
    key: one.account,
    cells: [one.account, won(one.debit_won, t), won(one.credit_won, t), won(one.won, t)],
    plain: [one.account, one.debit_won, one.credit_won, one.won],
  }));
  const even = h("p", { class: sum_won === 0 ? "even" : "odd", role: sum_won === 0 ? null : "alert" }, sum_won === 0 ? t("fares.trial.even") : t("fares.trial.odd", { won: count(sum_won) }));
  return card({ ...kept(state, "trial-balance", columns, rows), title: t("fares.trial"), windowText: t("fares.as_of", { at: dayTime(atMs) }), chart: even, open: true, wide: true }, t);
}

/**
 * @param {State} state
 * @param {LedgerDays} found
 * @param {Translate} t
 */
function closed(state, { days }, t) {
  const columns = [
    { key: "day", name: t("fares.day") },
    { key: "closed", name: t("fares.closed") },
    { key: "n", name: t("fares.day_count"), number: true },
    { key: "debit", name: t("fares.debit"), number: true },
    { key: "seal", name: t("fares.seal") },
  ];
  const rows = days.map((one) => ({
    key: one.day,
    cells: [one.day, dayTime(one.closed_ms), count(one.entries), won(one.debit_won, t), h("code", { title: one.seal }, one.seal.slice(0, 16))],
    plain: [one.day, new Date(one.closed_ms).toISOString(), one.entries, one.debit_won, one.seal],
  }));
  const note = t(days.length === 0 ? "fares.days.none" : "fares.days.note");
  return card({ ...kept(state, "days", columns, rows), title: t("fares.days"), windowText: t("desk.times", { n: count(days.length) }), note, chart: null, open: days.length > 0, wide: true }, t);
}

/**
 * @param {State} state
 * @param {Conflicts} found
 * @param {Translate} t
 */
function refused(state, { conflicts }, t) {
  const columns = [
    { key: "id", name: t("fares.id") },
    { key: "at", name: t("desk.time") },
    { key: "held", name: t("fares.held"), wide: true },
    { key: "came", name: t("fares.came"), wide: true },
  ];
  const rows = conflicts.map((one, i) => ({
    key: `${one.fact_id}-${i}`,
    cells: [one.fact_id, dayTime(one.at_ms), one.held, one.came],
    plain: [one.fact_id, new Date(one.at_ms).toISOString(), one.held, one.came],
  }));
  const note = conflicts.length === 0 ? t("fares.conflicts.none") : "";
  return card({ ...kept(state, "conflicts", columns, rows), title: t("fares.conflicts"), windowText: t("desk.times", { n: count(conflicts.length) }), note, chart: null, open: conflicts.length > 0 }, t);
}

/**
 * @param {State} state
 * @param {DeviceList} found
 * @param {Translate} t
 */
function missing(state, { devices }, t) {
  const columns = [
    { key: "device", name: t("fares.device") },
    { key: "watermark", name: t("fares.watermark"), number: true },
    { key: "highest", name: t("fares.highest"), number: true },
    { key: "missing", name: t("fares.missing") },
  ];
  const rows = devices.map((one) => {
    const holes = one.missing.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(", ");
    return { key: one.device, cells: [one.device, count(one.watermark), count(one.highest), holes || "–"], plain: [one.device, one.watermark, one.highest, holes] };
  });
  const note = devices.length === 0 ? t("fares.devices.none") : "";
  return card({ ...kept(state, "devices", columns, rows), title: t("fares.devices"), windowText: t("desk.times", { n: count(devices.length) }), note, chart: null, open: devices.length > 0 }, t);
}
