/** Minutes and ages as rows and cards draw them. State in, nodes or words out. */

import { h } from "/static/shared/dom.js";
import { ageWords, minutesUntil } from "/static/shared/time.js";
import { say } from "/static/shared/words.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/wire.d.ts").ArrivalRow} ArrivalRow
 */

/**
 * @param {number} seconds
 * @param {Translate} t
 */
export function eta(seconds, t) {
  const minutes = minutesUntil(seconds);
  return minutes === null
    ? [h("b", {}, t("eta.soon"))]
    : [h("b", {}, minutes), h("span", { class: "unit" }, t("eta.unit"))];
}

/**
 * How old the position of a stale bus is.
 *
 * @param {ArrivalRow} row
 * @param {{nowMs: number, boardTakenMs: number}} state
 * @param {Translate} t
 * @returns {string}
 */
export function staleWords(row, { nowMs, boardTakenMs }, t) {
  return t("row.stale", { age: say(ageWords(row.age_s + (nowMs - boardTakenMs) / 1000), t) });
}
