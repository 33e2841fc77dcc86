/** What a bus does, as shape and words; the same shapes as on the map. Pure. */

import { h } from "/static/shared/dom.js";
import { KINDS } from "/static/ops/live/fleet.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow
 * @typedef {import("/static/ops/live/fleet.js").Fleet} Fleet
 * @typedef {import("/static/ops/live/fleet.js").Kind} Kind
 */

/** @type {Record<Kind, string>} */
const SIGNS = {
  running: "M8 1.5 13 14.5 8 11.5 3 14.5Z",
  told: "M8 1.5 13 14.5 8 11.5 3 14.5Z",
  resting: "M8 3.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6Zm0 2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6Z",
  astray: "M8 1.5 14.5 8 8 14.5 1.5 8Z",
  silent: "M3 3h10v10H3V3Zm2 2v6h6V5H5Z",
};

/** @param {Kind} kind */
export function sign(kind) {
  return h("svg", { class: `mark mark-${kind}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, h("path", { d: SIGNS[kind], "fill-rule": "evenodd" }));
}

/**
 * Shape, word and colour of what a bus does.
 *
 * @param {Fleet} fleet
 * @param {number} slot
 * @param {Translate} t
 */
export function kindWords(fleet, slot, t) {
  const kind = /** @type {Kind} */ (KINDS[/** @type {number} */ (fleet.kind[slot])]);
  const row = /** @type {VehicleRow} */ (fleet.rows[slot]);
  return h("span", { class: "kind" }, sign(kind), t(stateKey(kind, row)));
}

/**
 * @param {Kind} kind
 * @param {VehicleRow} row
 * @returns {string}
 */
function stateKey(kind, row) {
  switch (kind) {
    case "silent":
      return row.stale ? "live.state.stale" : "live.state.down";
    case "astray":
      return row.mismatch ? "ops.phase.mismatch" : "ops.phase.off_route";
    default:
      return `ops.phase.${row.phase}`;
  }
}
