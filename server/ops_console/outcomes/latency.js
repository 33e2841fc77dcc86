/** How long riders and drivers waited: one distribution large, its siblings by hour and route on the same axis. Pure. */

import { h } from "/static/shared/dom.js";
import { columns, reach, steps } from "/static/ops/report/charts.js";
import { count, dayTime, wait } from "/static/ops/report/format.js";
import { card, empty } from "/static/ops/report/parts.js";
import { frame, kept } from "/static/ops/outcomes/frame.js";

/**
 * @typedef {import("/static/ops/outcomes/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").Latencies} Latencies
 * @typedef {import("/static/ops/report/bodies.d.ts").Distribution} Distribution
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  return frame(state, t, { answer: "latencies", cards: 6 }, (value) => {
    const found = /** @type {Latencies} */ (value);
    const own = /** @type {const} */ (["fix_to_alert", "alert_to_shown", "ring_to_answer"]);
    return [
      h("h2", { key: "t0", class: "part-title" }, t("latency.riders")),
      found.ring_to_shown.count === 0
        ? empty(t("latency.empty"))
        : h("div", { key: "c0", class: "cards" }, [one(state, "ring-all", t("latency.all"), found.ring_to_shown, found, t)]),
      several(state, "hour", found.by_hour, found, t, (key) => t("latency.hour", { hour: key })),
      several(state, "route", found.by_route, found, t, (key) => t("latency.route", { route: key })),
      h("h2", { key: "t1", class: "part-title" }, t("latency.server")),
      h(
        "div",
        { key: "c1", class: "cards" },
        own.map((name) => {
          const said = t("latency.since", { at: dayTime(found.since_ms), n: count(found[name].count) });
          return spread(state, name, t(`latency.${name}`), found[name], said, undefined, t);
        }),
      ),
    ];
  });
}

/**
 * @param {State} state
 * @param {string} kind
 * @param {Record<string, Distribution>} found
 * @param {Latencies} window
 * @param {Translate} t
 * @param {(key: string) => string} named
 */
function several(state, kind, found, window, t, named) {
  const filled = Object.entries(found).filter(([, spread]) => spread.count > 0).sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
  if (filled.length === 0) return null;
  const span = reach(filled.map(([, spread]) => spread));
  return h(
    "div",
    { key: kind, class: "cards cards-small" },
    filled.map(([key, distribution]) => one(state, `${kind}-${key}`, named(key), distribution, window, t, span)),
  );
}

/**
 * @param {State} state
 * @param {string} id
 * @param {string} title
 * @param {Distribution} distribution
 * @param {{from_ms: number, to_ms: number}} window
 * @param {Translate} t
 * @param {{from: number, to: number}} [span]
 */
function one(state, id, title, distribution, { from_ms, to_ms }, t, span) {
  const said = t("desk.window", { from: dayTime(from_ms), to: dayTime(to_ms), what: t("desk.bells", { n: count(distribution.count) }) });
  return spread(state, id, title, distribution, said, span, t);
}

/**
 * @param {State} state
 * @param {string} id
 * @param {string} title
 * @param {Distribution} distribution
 * @param {string} windowText
 * @param {{from: number, to: number} | undefined} span
 * @param {Translate} t
 */
export function spread(state, id, title, distribution, windowText, span, t) {
  const named = (/** @type {number} */ ms) => wait(ms, t);
  const bars = steps(distribution, named, span);
  const rows = bars.map((bar) => ({ key: bar.label, cells: [bar.said.replace(/: .*$/, ""), count(bar.value ?? 0)], plain: [bar.said.replace(/: .*$/, ""), bar.value] }));
  const columns_ = [
    { key: "step", name: t("latency.step") },
    { key: "n", name: t("desk.count"), number: true },
  ];
  const { p50, p95, p99 } = distribution;
  const chart = [
    h("dl", { class: "percentiles" }, [["p50", p50], ["p95", p95], ["p99", p99]].map(([name, ms]) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, wait(/** @type {number | null} */ (ms), t))))),
    columns({ label: title, bars: bars.map((bar) => ({ ...bar, said: count(bar.value ?? 0) })), tone: "wait", every: Math.max(1, Math.ceil(bars.length / 5)) }),
  ];
  return card({ ...kept(state, `latency-${id}`, columns_, rows), title, windowText, chart }, t);
}
