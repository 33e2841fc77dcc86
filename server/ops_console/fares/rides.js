/** Rides of a window: the figures, how sure they were, and the list. Pure. */

import { h } from "/static/shared/dom.js";
import { columns } from "/static/ops/report/charts.js";
import { count, dayTime } from "/static/ops/report/format.js";
import { card, empty, figure, query, windowChooser } from "/static/ops/report/parts.js";
import { frame, kept, mark, won } from "/static/ops/fares/frame.js";

/**
 * @typedef {import("/static/ops/fares/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").RideList} RideList
 * @typedef {import("/static/ops/report/bodies.d.ts").RideRow} RideRow
 * @typedef {import("/static/ops/report/bodies.d.ts").RideFigures} RideFigures
 */

const GOING_ON = ["detected", "aboard", "asked"];

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  const answers = state.free ? ["rides"] : ["rides", "figures"];
  return frame(state, t, { answers, cards: 3, tools: [files(state, t), windowChooser(state.window, t)], ledger: false }, ([list, figures]) => {
    if (list.count === 0) return [state.free ? free(t) : null, empty(t("fares.none"), t("fares.none.advice"))];
    return [
      state.free ? free(t) : h("dl", { key: "keys", class: "keys" }, keys(list, figures, t)),
      h("div", { key: "cards", class: "cards" }, state.free ? null : sureness(state, figures, t), states(state, list, t)),
      h("div", { key: "list", class: "long" }, rides(state, list, t)),
    ];
  });
}

/** @param {Translate} t */
function free(t) {
  return h("p", { key: "free", class: "note" }, t("fares.free"), " ", t("fares.free.advice"));
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function files(state, t) {
  const { value } = state.desk.get("rides");
  if (value === null || state.free) return null;
  const asked = query({ from_ms: value.from_ms, to_ms: value.to_ms });
  const kinds = /** @type {const} */ ([["rides", "rides.csv"], ["entries", "entries.csv"], ["tides", "fare_transactions.csv"]]);
  return kinds.map(([name, file]) => h("a", { key: name, class: "button", href: `/v1/ledger/exports/${file}?${asked}`, download: true }, t(`fares.export.${name}`)));
}

/**
 * @param {RideList} list
 * @param {RideFigures} figures
 * @param {Translate} t
 */
function keys(list, figures, t) {
  const going = GOING_ON.reduce((sum, state) => sum + (list.by_state[state] ?? 0), 0);
  return [
    figure({ name: t("fares.rides"), value: count(list.count), of: t("fares.rides.of", { n: count(going) }) }),
    figure({ name: t("fares.charged"), value: won(figures.charged_won, t), of: t("fares.charged.of", { n: count(figures.charged) }), tone: "good" }),
    figure({ name: t("fares.asked"), value: count(list.by_state["asked"] ?? 0), of: t("fares.asked.of") }),
    figure({ name: t("fares.corrections"), value: count(figures.corrections), of: t("fares.corrections.of", { won: count(figures.corrections_won) }) }),
    figure({ name: t("fares.voided"), value: count(figures.void), of: t("fares.voided.of", { n: count(figures.by_card) }) }),
    figure({ name: t("fares.disputed"), value: count(figures.disputed), of: t("fares.disputed.of", { n: count(figures.unpriced) }), tone: figures.disputed > 0 ? "passed" : "plain" }),
  ];
}

/**
 * @param {{from_ms: number, to_ms: number}} window
 * @param {number} n
 * @param {Translate} t
 */
function said({ from_ms, to_ms }, n, t) {
  return t("fares.window", { from: dayTime(from_ms), to: dayTime(to_ms), n: count(n) });
}

/**
 * @param {State} state
 * @param {RideFigures} figures
 * @param {Translate} t
 */
function sureness(state, figures, t) {
  const steps = figures.confidence.map((value, i) => ({ label: `${i * 10}`, value, said: count(value), span: i === 9 ? "90–100 %" : `${i * 10}–${i * 10 + 9} %` }));
  const columns_ = [
    { key: "step", name: t("fares.confidence.step") },
    { key: "n", name: t("desk.count"), number: true },
  ];
  const rows = steps.map(({ span, value }) => ({ key: span, cells: [span, count(value)], plain: [span, value] }));
  const total = figures.confidence.reduce((sum, n) => sum + n, 0);
  const title = t("fares.confidence");
  const chart = columns({ label: title, bars: steps, tone: "wait", every: 1 });
  return card({ ...kept(state, "confidence", columns_, rows), title, windowText: said(figures, total, t), note: t("fares.confidence.note"), chart }, t);
}

/**
 * @param {State} state
 * @param {RideList} list
 * @param {Translate} t
 */
function states(state, list, t) {
  const order = ["detected", "aboard", "asked", "alighted", "settled", "voided"];
  const bars = order.map((one) => ({ label: t(`fares.state.${one}`), value: list.by_state[one] ?? 0, said: count(list.by_state[one] ?? 0) }));
  const columns_ = [
    { key: "state", name: t("fares.state") },
    { key: "n", name: t("desk.count"), number: true },
  ];
  const rows = bars.map(({ label, value, said: words }) => ({ key: label, cells: [label, words], plain: [label, value] }));
  const title = t("fares.states");
  return card({ ...kept(state, "states", columns_, rows), title, windowText: said(list, list.count, t), chart: columns({ label: title, bars, every: 1 }) }, t);
}

/**
 * @param {State} state
 * @param {RideList} list
 * @param {Translate} t
 */
function rides(state, list, t) {
  const columns_ = [
    { key: "at", name: t("desk.time") },
    { key: "state", name: t("fares.state") },
    { key: "route", name: t("desk.route") },
    { key: "bus", name: t("desk.bus") },
    { key: "from", name: t("fares.from") },
    { key: "to", name: t("fares.to") },
    { key: "distance", name: t("fares.distance"), number: true },
    { key: "party", name: t("fares.party"), number: true },
    { key: "won", name: t("fares.won"), number: true },
    { key: "sure", name: t("fares.confidence.step"), number: true },
    { key: "why", name: t("fares.why") },
  ];
  const rows = list.rows.map((one) => line(one, t));
  const more = list.count > rows.length ? t("fares.list.first", { n: count(rows.length) }) : "";
  return card({ ...kept(state, "rides", columns_, rows), title: t("fares.list"), windowText: said(list, list.count, t), note: more, chart: null, open: true, wide: true }, t);
}

/**
 * @param {RideRow} one
 * @param {Translate} t
 */
function line(one, t) {
  const why = notes(one, t);
  return {
    key: one.ride_id,
    href: `#/fares/ride/${encodeURIComponent(one.ride_id)}`,
    cells: [
      dayTime(one.boarded_ms), mark(one.state, t), one.route_name, one.plate ?? "–", one.board_stop ?? "–", one.alight_stop ?? "–",
      one.distance_m === null ? "–" : `${count(one.distance_m)} m`, count(one.party), won(one.fare_won, t), `${one.confidence} %`, why,
    ],
    plain: [new Date(one.boarded_ms).toISOString(), one.state, one.route_name, one.plate, one.board_stop, one.alight_stop, one.distance_m, one.party, one.fare_won, one.confidence, why],
  };
}

/**
 * @param {RideRow} one
 * @param {Translate} t
 * @returns {string}
 */
export function notes(one, t) {
  const said = [one.waiver === null ? "" : t(`fares.waiver.${one.waiver}`), one.disputed ? t("fares.said") : "", one.verdict === null ? "" : t(`fares.verdict.${one.verdict}`)];
  return said.filter((words) => words !== "").join(" · ") || "–";
}
