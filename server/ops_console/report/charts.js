/** Small charts as SVG nodes, drawn with the colours of the page's tokens. Pure; each has its numbers in a table beside it. */

import { h } from "/static/shared/dom.js";

/**
 * @typedef {import("/static/shared/dom.js").Node_} Node_
 * @typedef {{label: string, value: number | null, said: string}} Bar  `said`: the value in words
 */

const W = 240;
const H = 96;
const LEFT = 4;
const TOP = 16;
const BOTTOM = 14;

/**
 * Upright bars over one axis: an hour, a step of a histogram. The highest bar carries its number.
 *
 * @param {{label: string, bars: Bar[], tone?: string, every?: number, top?: number}} chart
 *   `label`: what is seen, for those who do not see it; `every`: each how many-th bar is named; `top`: common height of siblings
 * @returns {Node_}
 */
export function columns({ label, bars, tone = "plain", every = 6, top }) {
  const highest = Math.max(1e-9, top ?? 0, ...bars.map((bar) => bar.value ?? 0));
  const step = (W - 2 * LEFT) / Math.max(1, bars.length);
  const room = H - TOP - BOTTOM;
  const peak = bars.reduce((best, bar, i) => ((bar.value ?? 0) > (bars[best]?.value ?? 0) ? i : best), 0);
  return h(
    "svg",
    { class: `chart tone-${tone}`, viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label },
    h("line", { class: "axis", x1: 0, x2: W, y1: H - BOTTOM, y2: H - BOTTOM }),
    bars.map((bar, i) => {
      const height = (room * (bar.value ?? 0)) / highest;
      const x = LEFT + i * step;
      return [
        h(
          "rect",
          { class: "bar", x: n(x + step * 0.1), width: n(step * 0.8), y: n(H - BOTTOM - height), height: n(height), rx: Math.min(2, step * 0.2) },
          h("title", {}, `${bar.label} · ${bar.said}`),
        ),
        i % every === 0 ? h("text", { class: "tick", x: n(x + step / 2), y: H - 3, "text-anchor": "middle" }, bar.label) : null,
        i === peak && (bar.value ?? 0) > 0
          ? h("text", { class: "peak", x: n(clampX(x + step / 2)), y: n(Math.max(11, H - BOTTOM - height - 4)), "text-anchor": "middle" }, bar.said)
          : null,
      ];
    }),
  );
}

/** Keep a text of some 40 units within the picture. @param {number} x */
function clampX(x) {
  return Math.min(W - 24, Math.max(24, x));
}

/**
 * One bar of parts beside each other, for a table's row.
 *
 * @param {{tone: string, value: number, said: string}[]} parts
 * @param {number} whole what the full width stands for
 * @returns {Node_}
 */
export function parts(parts, whole) {
  let x = 0;
  return h(
    "svg",
    { class: "parts", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    parts.map(({ tone, value, said }) => {
      const width = whole === 0 ? 0 : (100 * value) / whole;
      const rect = h("rect", { class: `part part-${tone}`, x: n(x), y: 0, width: n(width), height: 10 }, h("title", {}, said));
      x += width;
      return rect;
    }),
  );
}

/**
 * A histogram whose empty ends are cut off; siblings share `from` and `to` so that they can be compared.
 *
 * @param {{edges_ms: number[], counts: number[]}} spread
 * @param {(ms: number) => string} named
 * @param {{from?: number, to?: number}} [span]
 * @returns {Bar[]}
 */
export function steps(spread, named, span = reach([spread])) {
  const bars = spread.counts.map((value, i) => {
    const below = spread.edges_ms[i];
    const from = i === 0 ? 0 : (spread.edges_ms[i - 1] ?? 0);
    return { label: named(from), value, said: below === undefined ? `≥ ${named(from)}: ${value}` : `${named(from)}–${named(below)}: ${value}` };
  });
  return bars.slice(span.from, span.to);
}

/**
 * From which to which step any of several histograms has something.
 *
 * @param {readonly {counts: number[]}[]} spreads
 * @returns {{from: number, to: number}}
 */
export function reach(spreads) {
  const filled = spreads.flatMap(({ counts }) => counts.flatMap((value, i) => (value > 0 ? [i] : [])));
  if (filled.length === 0) return { from: 9, to: 17 };
  return { from: Math.max(0, Math.min(...filled) - 1), to: Math.max(...filled) + 2 };
}

/**
 * A bus's speed along the metres before and behind a stop, with what happened where.
 *
 * @param {{
 *   label: string,
 *   points: {from_stop_m: number, speed_mps: number | null, said: string}[],
 *   marks: {from_stop_m: number, tone: string, text: string}[],
 *   zone_m: number,
 *   axis: {speed: string, stop: string},
 * }} chart
 * @returns {Node_}
 */
export function profile({ label, points, marks, zone_m, axis }) {
  const [w, height, left, bottom] = [720, 240, 44, 30];
  const metres = [...points.map((p) => p.from_stop_m), ...marks.map((m) => m.from_stop_m), -zone_m * 2, zone_m * 2];
  const [low, high] = [Math.min(...metres) - 10, Math.max(...metres) + 10];
  const fastest = Math.max(5, ...points.map((p) => p.speed_mps ?? 0)) * 3.6 * 1.15;
  const x = (/** @type {number} */ m) => left + ((w - left - 8) * (m - low)) / (high - low);
  const y = (/** @type {number} */ kmh) => height - bottom - ((height - bottom - 44) * kmh) / fastest;
  const known = points.filter((p) => p.speed_mps !== null);
  const line = known.map((p, i) => `${i === 0 ? "M" : "L"}${n(x(p.from_stop_m))} ${n(y((p.speed_mps ?? 0) * 3.6))}`).join(" ");
  const grid = [0, 20, 40, 60, 80].filter((kmh) => kmh < fastest);
  return h(
    "svg",
    { class: "chart chart-profile", viewBox: `0 0 ${w} ${height}`, role: "img", "aria-label": label },
    h("rect", { class: "zone", x: n(x(-zone_m)), width: n(x(zone_m) - x(-zone_m)), y: 34, height: height - bottom - 34 }),
    grid.map((kmh) => [
      h("line", { class: "grid", x1: left, x2: w - 8, y1: n(y(kmh)), y2: n(y(kmh)) }),
      h("text", { class: "tick", x: left - 6, y: n(y(kmh) + 4), "text-anchor": "end" }, String(kmh)),
    ]),
    metreTicks(low, high).map((m) => h("text", { class: "tick", x: n(x(m)), y: height - 12, "text-anchor": "middle" }, m === 0 ? axis.stop : `${m} m`)),
    h("text", { class: "tick", x: 4, y: height - 12 }, axis.speed),
    h("path", { class: "curve", d: line }),
    known.map((p) => h("circle", { class: "dot", cx: n(x(p.from_stop_m)), cy: n(y((p.speed_mps ?? 0) * 3.6)), r: 3 }, h("title", {}, p.said))),
    marks.map((m, i) => [
      h("line", { class: `mark mark-${m.tone}`, x1: n(x(m.from_stop_m)), x2: n(x(m.from_stop_m)), y1: 6 + (i % 2) * 15, y2: height - bottom }),
      h("text", { class: `mark-text mark-${m.tone}`, x: n(x(m.from_stop_m) + 5), y: 15 + (i % 2) * 15 }, m.text),
    ]),
  );
}

/**
 * @param {number} low
 * @param {number} high
 * @returns {number[]} round metres, the stop itself among them
 */
function metreTicks(low, high) {
  const step = [25, 50, 100, 200, 500, 1000].find((one) => (high - low) / one <= 9) ?? 2000;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** Two decimals are enough for a screen. @param {number} value */
function n(value) {
  return Math.round(value * 100) / 100;
}
