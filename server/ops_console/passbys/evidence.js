/** The evidence of one pass-by: what the driver was shown and when, how the bus went through, doors, the rider's report. Pure. */

import { h } from "/static/shared/dom.js";
import { profile } from "/static/ops/report/charts.js";
import { clock, count, dayTime, why } from "/static/ops/report/format.js";
import { bones, card, figure, head, stale } from "/static/ops/report/parts.js";
import { visitWords } from "/static/ops/passbys/list.js";

/**
 * @typedef {import("/static/ops/passbys/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").Evidence} Evidence
 */

/** Half a stop zone, metres: where the stand test looks (DOMAIN §2). */
const ZONE_M = 30;

/**
 * @param {State} state
 * @param {Translate} t
 */
export function evidence(state, t) {
  const { value, problem } = state.desk.get("evidence");
  return h(
    "div",
    { key: "evidence", class: "desk sheet" },
    h("p", { key: "back", class: "desk-tools" }, h("a", { href: "#/passbys" }, t("passbys.back"))),
    value === null
      ? [head(t("ops.section.passbys")), problem === null ? bones(2, t) : stale(problem, null, t)]
      : content(state, /** @type {Evidence} */ (value), t),
  );
}

/**
 * @param {State} state
 * @param {Evidence} found
 * @param {Translate} t
 */
function content(state, found, t) {
  const { row } = found;
  return [
    head(t("passbys.title", { route: row.route_name, stop: row.stop_name }), h("button", { type: "button", class: "button", "data-act": "print" }, t("passbys.print"))),
    h("p", { key: "of", class: "window" }, t("passbys.of", { at: dayTime(row.at_ms), plate: row.plate, trip: row.trip_id, n: count(row.party) })),
    h("dl", { key: "keys", class: "keys" }, facts(found, t)),
    h("div", { key: "cards", class: "cards" }, speeds(state, found, t)),
    found.reports.map((report, i) =>
      h("section", { key: `report-${i}`, class: "card figure-card report" }, h("h2", {}, t("desk.report")), h("p", { class: "window" }, t("passbys.report.at", { at: dayTime(report.at_ms) })), h("p", {}, report.words || t("passbys.report.plain"))),
    ),
    h(
      "section",
      { key: "bells", class: "card figure-card" },
      h("h2", {}, t("passbys.bells")),
      h("ul", { class: "handles" }, row.bells.map((handle) => h("li", { key: handle }, h("a", { href: `#/outcomes/bell/${handle}` }, t("passbys.bell", { handle }))))),
    ),
  ];
}

/**
 * @param {Evidence} found
 * @param {Translate} t
 */
function facts(found, t) {
  const { row } = found;
  const before = (/** @type {number | null} */ ms) => (ms === null ? t("passbys.never") : clock(ms));
  const ahead = (/** @type {number | null} */ ms) => (ms === null ? "" : t("passbys.before", { s: Math.max(0, Math.round((row.at_ms - ms) / 1000)) }));
  const kmh = found.least_speed_mps === null ? "–" : t("ops.kmh", { n: Math.round(found.least_speed_mps * 3.6) });
  return [
    figure({ name: t("passbys.told"), value: before(found.told_ms), of: ahead(found.told_ms), tone: found.told_ms === null ? "fault" : "good" }),
    figure({ name: t("passbys.shown"), value: before(found.shown_ms), of: ahead(found.shown_ms), tone: found.shown_ms === null ? "fault" : "good" }),
    figure({
      name: t("passbys.decide"),
      value: found.decide_m === null ? "–" : `${found.decide_m} m`,
      of: found.decide_ms === null ? t("passbys.decide.none") : t("passbys.decide.of", { at: clock(found.decide_ms) }),
    }),
    figure({ name: t("passbys.least"), value: kmh, of: t("passbys.least.of", { m: ZONE_M }), tone: "passed" }),
    figure({ name: t("passbys.doors"), value: found.doors === null ? t("passbys.doors.unknown") : t(`passbys.doors.${found.doors}`), of: t("passbys.least.of", { m: ZONE_M }) }),
    figure({ name: t("passbys.visit"), value: visitWords(row, t), of: row.reason === null ? (row.confidence === null ? "" : t("passbys.sure", { n: Math.round(row.confidence * 100) })) : why(row.reason, t) }),
  ];
}

/**
 * @param {State} state
 * @param {Evidence} found
 * @param {Translate} t
 */
function speeds(state, found, t) {
  const points = found.profile.map((point) => ({
    from_stop_m: point.from_stop_m,
    speed_mps: point.speed_mps ?? null,
    said: `${clock(point.at_ms)} · ${Math.round(point.from_stop_m)} m · ${point.speed_mps == null ? "–" : t("ops.kmh", { n: Math.round(point.speed_mps * 3.6) })}`,
  }));
  const title = t("passbys.profile");
  if (points.length === 0) return h("section", { key: "none", class: "card figure-card figure-wide" }, h("h2", {}, title), h("p", { class: "note" }, t("passbys.profile.none")));
  const columns = [
    { key: "at", name: t("desk.time") },
    { key: "m", name: t("passbys.metres"), number: true },
    { key: "kmh", name: "km/h", number: true },
    { key: "doors", name: t("passbys.doors") },
  ];
  const rows = found.profile.map((point, i) => {
    const kmh = point.speed_mps == null ? null : Math.round(point.speed_mps * 3.6);
    const doors = point.doors == null ? "–" : t(`passbys.doors.${point.doors}`);
    return { key: String(i), cells: [clock(point.at_ms), String(Math.round(point.from_stop_m)), kmh === null ? "–" : String(kmh), doors], plain: [clock(point.at_ms), Math.round(point.from_stop_m), kmh, point.doors ?? null] };
  });
  state.cards.set("profile", { columns, rows });
  const [first, last] = [found.profile[0], found.profile.at(-1)];
  const windowText = first && last ? t("passbys.profile.of", { from: clock(first.at_ms), to: clock(last.at_ms), n: points.length }) : "";
  const chart = profile({ label: title, points, marks: marks(found, t), zone_m: ZONE_M, axis: { speed: "km/h", stop: t("desk.stop") } });
  return card({ id: "profile", title, windowText, chart, columns, rows, wide: true, note: t("passbys.profile.note") }, t);
}

/**
 * Where the bus was when the screen showed the alert, and where the driver had to decide.
 *
 * @param {Evidence} found
 * @param {Translate} t
 */
export function marks(found, t) {
  const shown = found.shown_ms === null ? null : placeAt(found, found.shown_ms);
  return [
    { from_stop_m: 0, tone: "stop", text: t("desk.stop") },
    ...(found.decide_m === null ? [] : [{ from_stop_m: -found.decide_m, tone: "decide", text: t("passbys.decide") }]),
    ...(shown === null ? [] : [{ from_stop_m: shown, tone: "shown", text: t("passbys.shown") }]),
  ];
}

/**
 * @param {Evidence} found
 * @param {number} atMs
 * @returns {number | null} metres past the stop, between two reports; null before the first
 */
function placeAt({ profile: points }, atMs) {
  const after = points.findIndex((point) => point.at_ms >= atMs);
  const [from, to] = [points[after - 1], points[after]];
  if (from === undefined || to === undefined) return null;
  const part = (atMs - from.at_ms) / Math.max(1, to.at_ms - from.at_ms);
  return from.from_stop_m + part * (to.from_stop_m - from.from_stop_m);
}
