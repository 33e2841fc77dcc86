/** A report of a bus that passed, filled from the record; the rider reads it and confirms. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { clockTime } from "/static/shared/time.js";
import { inLang } from "/static/rider/ride/finder.js";

const KMH = 3.6;

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/ride/state.js").State} State
 * @typedef {import("/static/rider/ride/sheets.js").Report} Report
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function reportSheet({ sheets, finder }, t) {
  const { how, record, text } = sheets.report;
  if (record === null) return h("p", { class: "empty" }, how === "refused" ? text : t(`report.${how}`));
  return [
    h("p", { class: "aside" }, t(record.reported_ms === null ? "report.intro" : "report.sent", { time: clockTime(record.reported_ms ?? 0) })),
    facts(record, finder.lang, t),
    h("p", { class: "aside" }, t("report.privacy")),
    how === "offline" ? h("p", { class: "problem" }, t("report.offline")) : how === "refused" ? h("p", { class: "problem" }, text) : null,
    record.reported_ms === null
      ? h("button", { type: "button", class: "let-off report-send", "data-act": "send report", "aria-busy": how === "asking" ? "true" : null }, t("report.send"))
      : h("p", { class: "report-done" }, icon("tick"), t("report.done")),
  ];
}

/**
 * What the server saw, as it is in the record.
 *
 * @param {Report} record
 * @param {string} lang
 * @param {Translate} t
 */
function facts(record, lang, t) {
  const stop = inLang(record.stop_name, record.stop_names, lang);
  /** @type {[string, string][]} */
  const lines = [
    [t("report.when"), clockTime(record.passed_ms)],
    [t("report.stop"), record.stop_code === "" ? stop : `${stop} (${record.stop_code})`],
    [t("report.route"), record.route_name],
    [t("report.bus"), record.plate],
    [t("report.rung"), clockTime(record.rung_ms)],
    [t("report.shown"), record.shown_ms === null ? t("report.not_shown") : clockTime(record.shown_ms)],
    [t("report.seen"), seen(record, t)],
  ];
  return h("dl", { class: "facts" }, lines.map(([name, value]) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, value))));
}

/**
 * @param {Report} record
 * @param {Translate} t
 * @returns {string}
 */
function seen({ least_speed_mps: mps, doors }, t) {
  const known = [t("report.seen.passed")];
  if (mps !== null) known.push(t("report.seen.slowest", { n: Math.round(mps * KMH) }));
  if (doors !== null) known.push(t(`report.doors.${doors}`));
  return known.join(" · ");
}
