/** What riders say of settled rides, and the decision. Pure. */

import { h } from "/static/shared/dom.js";
import { count, dayTime } from "/static/ops/report/format.js";
import { card, empty } from "/static/ops/report/parts.js";
import { frame, kept, won } from "/static/ops/fares/frame.js";

/**
 * @typedef {import("/static/ops/fares/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").DisputeItem} DisputeItem
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  return frame(state, t, { answers: ["disputes"], cards: 1, ledger: true }, ([value]) => {
    const found = /** @type {DisputeItem[]} */ (value.disputes);
    if (found.length === 0) return empty(t("fares.disputes.none"));
    const columns = [
      { key: "at", name: t("desk.time") },
      { key: "what", name: t("fares.what") },
      { key: "words", name: t("fares.words"), wide: true },
      { key: "won", name: t("fares.won"), number: true },
      { key: "verdict", name: t("fares.verdict") },
    ];
    const open = found.filter((one) => one.verdict === null).length;
    const rows = found.map((one) => line(one, t));
    return h("div", { key: "list", class: "long" }, card({ ...kept(state, "disputes", columns, rows), title: t("fares.disputes.title"), windowText: t("fares.disputes.count", { n: count(found.length), open: count(open) }), chart: null, open: true, wide: true }, t));
  });
}

/**
 * @param {DisputeItem} one
 * @param {Translate} t
 */
function line(one, t) {
  return {
    key: one.ride_id,
    href: `#/fares/ride/${encodeURIComponent(one.ride_id)}`,
    cells: [dayTime(one.at_ms), t(`fares.what.${one.what}`), one.words || "–", won(one.fare_won, t), one.verdict === null ? decision(one, t) : t(`fares.verdict.${one.verdict}`)],
    plain: [new Date(one.at_ms).toISOString(), one.what, one.words, one.fare_won, one.verdict],
  };
}

/**
 * @param {DisputeItem} one
 * @param {Translate} t
 */
function decision(one, t) {
  return ["not_charged", "stands"].map((verdict) => h("button", { key: verdict, type: "button", class: "button", "data-act": "rule", "data-ride": one.ride_id, "data-verdict": verdict }, t(`fares.rule.${verdict}`)));
}
