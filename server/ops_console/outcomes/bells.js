/** The list of bells, and one bell's story. Pure. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { clock, count, dayTime, wait, why, windowWords } from "/static/ops/report/format.js";
import { chooser, empty, query, stateMark, table } from "/static/ops/report/parts.js";
import { frame } from "/static/ops/outcomes/frame.js";

/**
 * @typedef {import("/static/ops/outcomes/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").Bells} Bells
 * @typedef {import("/static/ops/report/bodies.d.ts").BellLife} BellLife
 * @typedef {import("/static/ops/report/bodies.d.ts").BellStory} BellStory
 * @typedef {{key: string, atMs: number | null, tone: string, title: import("/static/shared/dom.js").Loose, text: string}} Moment
 */

const OUTCOMES = /** @type {const} */ (["passed_once", "served", "boarded", "alighted", "cancelled", "expired", "refused", "waiting", "assigned", "shown", "acknowledged", "arrived"]);

/**
 * The server's query for what the list is narrowed to.
 *
 * @param {string} outcome
 * @returns {string}
 */
export function fits(outcome) {
  return outcome === "passed_once" ? query({ passed: true }) : query({ state: outcome });
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  const options = OUTCOMES.map((one) => /** @type {[string, string]} */ ([one, one === "passed_once" ? t("outcomes.passed_once") : t(`ops.bell.${one}`)]));
  const tools = chooser("outcome", t("outcomes.state"), state.outcome, [["", t("outcomes.state.all")], ...options]);
  return frame(state, t, { answer: "bells", cards: 1, tools }, (value) => {
    const bells = /** @type {Bells} */ (value);
    const asked = `${query({ from_ms: bells.from_ms, to_ms: bells.to_ms, route_id: state.routeId })}&${fits(state.outcome)}`;
    return [
      h(
        "div",
        { key: "said", class: "desk-head" },
        h("p", { class: "window", id: "bells-title" }, windowWords(bells, t)),
        h("a", { class: "csv", href: `/v1/ops/exports/bells.csv?${asked}`, download: true }, t("desk.csv")),
      ),
      bells.rows.length === 0 ? empty(t("outcomes.bells.empty"), t("outcomes.empty.advice")) : list(bells.rows, t),
      bells.next === null ? null : h("button", { key: "more", type: "button", class: "button more", "data-act": "more" }, t("outcomes.more", { n: count(bells.count - bells.rows.length) })),
    ];
  });
}

/**
 * @param {readonly BellLife[]} rows
 * @param {Translate} t
 */
function list(rows, t) {
  const columns = [
    { key: "rung", name: t("outcomes.rung") },
    { key: "route", name: t("desk.route") },
    { key: "stop", name: t("desk.stop") },
    { key: "kind", name: t("outcomes.kind") },
    { key: "state", name: t("outcomes.state") },
    { key: "shown", name: t("outcomes.shown"), number: true },
    { key: "buses", name: t("outcomes.attempts"), number: true },
    { key: "bus", name: t("desk.bus") },
    { key: "party", name: t("outcomes.party"), number: true },
  ];
  const lines = rows.map((one) => ({
    key: one.handle,
    href: `#/outcomes/bell/${one.handle}`,
    cells: [
      dayTime(one.rung_ms),
      one.route_name,
      one.stop_name,
      t(`ops.kind.${one.kind}`),
      [stateMark(one.state, t), one.passed > 0 ? h("span", { class: "tag tag-passed" }, t("outcomes.passed.times", { n: one.passed })) : null],
      one.shown_ms === null ? "–" : wait(one.shown_ms - one.rung_ms, t),
      String(one.attempts),
      one.plate ?? "–",
      [String(one.party), one.needs.map((need) => h("span", { key: need, class: "need" }, icon(need), h("span", { class: "spoken" }, t(`need.${need}`))))],
    ],
    plain: [],
  }));
  return h("div", { key: "list", class: "long" }, table(columns, lines, "bells-title"));
}

// -- one bell ------------------------------------------------------------------

/**
 * @param {State} state
 * @param {Translate} t
 */
export function story(state, t) {
  return frame(state, t, { answer: "bell", cards: 2 }, (value) => {
    const found = /** @type {BellStory} */ (value);
    const { life } = found;
    return [
      h("p", { key: "back" }, h("a", { href: "#/outcomes/bells" }, t("outcomes.back"))),
      h(
        "section",
        { key: "life", class: "card figure-card" },
        h("h2", {}, t("outcomes.story", { route: life.route_name, stop: life.stop_name })),
        h(
          "p",
          { class: "window" },
          t("outcomes.story.of", { rung: dayTime(life.rung_ms), kind: t(`ops.kind.${life.kind}`), party: life.party }),
          " · ",
          stateMark(life.state, t),
        ),
        h("ol", { class: "moments" }, moments(found, t).map((one) => moment(one, life.rung_ms, t))),
      ),
    ];
  });
}

/**
 * What happened to the bell, what the driver was sent and what the rider said, in the order of time.
 *
 * @param {BellStory} found
 * @param {Translate} t
 * @returns {Moment[]}
 */
export function moments({ steps, alerts, reports }, t) {
  const told = steps.map((step, i) => ({
    key: `s${i}`,
    atMs: step.at_ms,
    tone: step.state,
    title: stateMark(step.state, t),
    text: [
      step.attempt > 1 && step.state === "assigned" ? t("ops.attempt", { n: step.attempt }) : "",
      step.plate ? t("outcomes.story.bus", { plate: step.plate }) : "",
      step.reason ? t("outcomes.story.why", { why: why(step.reason, t) }) : "",
    ].filter(Boolean).join(" · "),
  }));
  const screen = alerts.filter((one) => one.what === "raised" || one.what === "now").map((one, i) => ({
    key: `a${i}`,
    atMs: one.at_ms,
    tone: "screen",
    title: t(`desk.alert.${one.what}`),
    text: `${one.plate} · ${t("desk.alert.away", { m: one.distance_m })}`,
  }));
  const said = reports.map((one, i) => ({ key: `r${i}`, atMs: one.at_ms, tone: "report", title: t("desk.report"), text: one.words ?? "" }));
  const last = steps.at(-1)?.at_ms ?? 0;
  return [...told, ...screen, ...said].sort((a, b) => (a.atMs ?? last) - (b.atMs ?? last));
}

/**
 * @param {Moment} one
 * @param {number} rungMs
 * @param {Translate} t
 */
export function moment(one, rungMs, t) {
  const after = one.atMs === null ? "" : one.atMs === rungMs ? "" : `+${wait(one.atMs - rungMs, t)}`;
  return h(
    "li",
    { key: one.key, class: `moment moment-${one.tone}` },
    h("time", {}, one.atMs === null ? "" : clock(one.atMs), h("span", { class: "after" }, after)),
    h("div", {}, h("b", {}, one.title), one.text ? h("p", { class: "note" }, one.text) : null),
  );
}
