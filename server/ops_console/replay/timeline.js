/** The whole replay as one strip: how much happens when, and where we are. Pure. */

import { h } from "/static/shared/dom.js";

/**
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayIndex} ReplayIndex
 * @typedef {import("/static/ops/replay/player.js").Player} Player
 */

const HEIGHT = 56;
const FIXES = 18;

/**
 * @param {ReplayIndex} index
 * @param {Player} player
 */
export function timeline(index, player) {
  const { density } = index;
  const bins = density.fixes.length;
  const at = ((player.atMs - player.fromMs) / Math.max(1, player.toMs - player.fromMs)) * bins;
  return h(
    "svg",
    { class: "density", viewBox: `0 0 ${bins} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    h("path", { class: "density-fixes", d: bars(density.fixes, HEIGHT, FIXES) }),
    h("path", { class: "density-alerts", d: bars(density.alerts, HEIGHT - FIXES - 2, 18) }),
    h("path", { class: "density-rings", d: bars(density.rings, HEIGHT - FIXES - 20, 16) }),
    h("path", { class: "density-passed", d: ticks(density.passed) }),
    h("line", { class: "density-now", x1: at, x2: at, y1: 0, y2: HEIGHT, "vector-effect": "non-scaling-stroke" }),
  );
}

/**
 * @param {readonly number[]} counts
 * @param {number} base  y of the foot of the bars
 * @param {number} room  height of the highest
 * @returns {string} one path of all bars; heights by the square root, so that few are seen beside many
 */
function bars(counts, base, room) {
  const most = Math.sqrt(Math.max(1, ...counts));
  return counts.map((count, i) => (count === 0 ? "" : `M${i} ${base}v${(-(Math.sqrt(count) / most) * room).toFixed(1)}h1V${base}Z`)).join("");
}

/** @param {readonly number[]} counts */
function ticks(counts) {
  return counts.map((count, i) => (count === 0 ? "" : `M${i} 0h1.6v7h-1.6Z`)).join("");
}
