/** Figures of a window: what became of bells, by hour, route and stop. Pure. */

import { h } from "/static/shared/dom.js";
import { columns, parts } from "/static/ops/report/charts.js";
import { count, share, wait } from "/static/ops/report/format.js";
import { card, empty, figure, query } from "/static/ops/report/parts.js";
import { frame, kept } from "/static/ops/outcomes/frame.js";

/**
 * @typedef {import("/static/ops/outcomes/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").Outcomes} Outcomes
 * @typedef {import("/static/ops/report/bodies.d.ts").Figure} Figure
 */

const STOPS_SHOWN = 60;
const HOURS = Array.from({ length: 24 }, (_, i) => String(i).padStart(2, "0"));

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  return frame(state, t, { answer: "outcomes", cards: 6, tools: exports(state, t) }, (value) => {
    const outcomes = /** @type {Outcomes} */ (value);
    if (outcomes.count === 0) return empty(t("outcomes.empty"), t("outcomes.empty.advice"));
    return [
      h("dl", { key: "keys", class: "keys" }, keys(outcomes, t)),
      h("div", { key: "hours", class: "cards" }, byHour(state, outcomes, t)),
      h("div", { key: "groups", class: "cards" }, groups(state, outcomes, t)),
    ];
  });
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function exports(state, t) {
  const { value } = state.desk.get("outcomes");
  if (!value) return null;
  const asked = query({ from_ms: value.from_ms, to_ms: value.to_ms, route_id: state.routeId });
  return [
    h("a", { key: "bells", class: "button", href: `/v1/ops/exports/bells.csv?${asked}`, download: true }, t("outcomes.export.bells")),
    h("a", { key: "tides", class: "button", href: `/v1/ops/exports/stop_visits.csv?${asked}`, download: true }, t("outcomes.export.tides")),
  ];
}

/**
 * How bells ended: got what they asked for, taken back, nothing came, still open.
 *
 * @param {Pick<Figure, "by_state" | "open">} one
 */
export function ends({ by_state, open }) {
  const of = (/** @type {string[]} */ ...states) => states.reduce((sum, state) => sum + (by_state[state] ?? 0), 0);
  return { served: of("served", "boarded", "alighted"), cancelled: of("cancelled"), expired: of("expired", "refused"), open };
}

/**
 * @param {Outcomes} outcomes
 * @param {Translate} t
 */
export function keys({ total, count: bells }, t) {
  const { served, cancelled, expired } = ends(total);
  const shown = total.ring_to_shown;
  return [
    figure({ name: t("outcomes.bells"), value: count(bells), of: t("outcomes.open", { n: count(total.open) }) }),
    figure({ name: t("outcomes.served"), value: share(served, bells - total.open), of: t("outcomes.served.of", { n: count(served), all: count(bells - total.open) }), tone: "good" }),
    figure({ name: t("outcomes.passed"), value: count(total.passbys), of: t("outcomes.passed.of", { n: count(total.passed_bells), share: share(total.passed_bells, bells) }), tone: "passed" }),
    figure({ name: t("outcomes.lost"), value: share(cancelled + expired, bells - total.open), of: t("outcomes.lost.of", { cancelled: count(cancelled), expired: count(expired) }) }),
    figure({ name: t("outcomes.shown"), value: wait(shown.p50, t), of: t("outcomes.shown.of", { p95: wait(shown.p95, t), n: count(shown.count) }) }),
  ];
}

/**
 * Four small charts over the hours of the day, before any big one.
 *
 * @param {State} state
 * @param {Outcomes} outcomes
 * @param {Translate} t
 */
export function byHour(state, outcomes, t) {
  const hours = new Map(outcomes.hours.map((one) => [one.key, one]));
  const kinds = /** @type {const} */ ([
    ["bells", "plain", (/** @type {Figure} */ one) => one.bells],
    ["passbys", "passed", (/** @type {Figure} */ one) => one.passbys],
    ["lost", "quiet", (/** @type {Figure} */ one) => ends(one).cancelled + ends(one).expired],
    ["shown", "wait", (/** @type {Figure} */ one) => one.ring_to_shown.p50],
  ]);
  return kinds.map(([name, tone, of]) => {
    const said = (/** @type {number | null} */ value) => (name === "shown" ? wait(value, t) : count(value ?? 0));
    const bars = HOURS.map((hour) => {
      const one = hours.get(hour);
      const value = one ? of(one) : null;
      return { label: hour, value, said: said(value) };
    });
    const rows = outcomes.hours.map((one) => ({
      key: one.key,
      cells: [one.name, said(of(one)), count(name === "shown" ? one.ring_to_shown.count : one.bells)],
      plain: [one.name, of(one), name === "shown" ? one.ring_to_shown.count : one.bells],
    }));
    const columns_ = [
      { key: "hour", name: t("outcomes.hour") },
      { key: "value", name: t(`outcomes.by_hour.${name}`), number: true },
      { key: "n", name: t("desk.count"), number: true },
    ];
    const title = t(`outcomes.by_hour.${name}`);
    return card({ ...kept(state, `hour-${name}`, columns_, rows), title, window: outcomes, chart: columns({ label: title, bars, tone }) }, t);
  });
}

/**
 * @param {State} state
 * @param {Outcomes} outcomes
 * @param {Translate} t
 */
function groups(state, outcomes, t) {
  const asked = query({ from_ms: outcomes.from_ms, to_ms: outcomes.to_ms, route_id: state.routeId });
  const stops = outcomes.stops.slice(0, STOPS_SHOWN);
  return [
    card(
      {
        ...kept(state, "routes", groupColumns(t("desk.route"), t), groupRows(outcomes.routes, t, (one) => `#/outcomes/route/${encodeURIComponent(one.key)}`)),
        title: t("outcomes.by_route"), window: outcomes, chart: legend(t), csv: `/v1/ops/exports/routes.csv?${asked}`, open: true, wide: true,
      },
      t,
    ),
    card(
      {
        ...kept(state, "stops", groupColumns(t("desk.stop"), t), groupRows(stops, t)),
        title: t("outcomes.by_stop"), window: outcomes, chart: legend(t), csv: `/v1/ops/exports/stops.csv?${asked}`, open: true, wide: true,
        note: outcomes.stops_total > stops.length ? t("outcomes.by_stop.first", { n: stops.length, all: count(outcomes.stops_total) }) : "",
      },
      t,
    ),
  ];
}

/** @param {Translate} t */
export function legend(t) {
  const kinds = [["good", "served"], ["quiet", "lost"], ["open", "open.name"]];
  return h(
    "ul",
    { class: "legend" },
    kinds.map(([tone, name]) => h("li", { key: tone }, h("svg", { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" }, h("rect", { class: `part-${tone}`, width: 10, height: 10, rx: 2 })), t(`outcomes.${name}`))),
  );
}

/**
 * @param {string} first
 * @param {Translate} t
 */
export function groupColumns(first, t) {
  return [
    { key: "name", name: first },
    { key: "bells", name: t("outcomes.bells"), number: true },
    { key: "bar", name: t("outcomes.ends") },
    { key: "served", name: t("outcomes.served"), number: true },
    { key: "passbys", name: t("outcomes.passed"), number: true },
    { key: "cancelled", name: t("ops.bell.cancelled"), number: true },
    { key: "expired", name: t("ops.bell.expired"), number: true },
    { key: "p50", name: t("outcomes.shown.p50"), number: true },
    { key: "p95", name: t("outcomes.shown.p95"), number: true },
    { key: "n", name: t("outcomes.shown.n"), number: true },
  ];
}

/**
 * @param {readonly Figure[]} figures
 * @param {Translate} t
 * @param {(one: Figure) => string} [href]
 */
export function groupRows(figures, t, href) {
  return figures.map((one) => {
    const end = ends(one);
    const bar = parts(
      [
        { tone: "good", value: end.served, said: `${t("outcomes.served")} ${count(end.served)}` },
        { tone: "quiet", value: end.cancelled + end.expired, said: `${t("outcomes.lost")} ${count(end.cancelled + end.expired)}` },
        { tone: "open", value: end.open, said: t("outcomes.open", { n: count(end.open) }) },
      ],
      one.bells,
    );
    const { p50, p95, count: n } = one.ring_to_shown;
    const address = href?.(one);
    return {
      key: one.key,
      ...(address === undefined ? {} : { href: address }),
      cells: [one.name, count(one.bells), bar, share(end.served, one.bells - one.open), count(one.passbys), count(end.cancelled), count(end.expired), wait(p50, t), wait(p95, t), count(n)],
      plain: [one.name, one.bells, `${end.served}/${one.bells}`, end.served, one.passbys, end.cancelled, end.expired, p50, p95, n],
    };
  });
}
