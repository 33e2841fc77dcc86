/** How a fare came about: each tap with what it was charged and by which rules. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { clockTime } from "/static/shared/time.js";
import { won } from "/static/rider/ride/money.js";

/**
 * @param {import("/static/shared/wire.d.ts").RideMessage} ride
 * @param {import("/static/shared/words.js").Translate} t
 */
export function fareSteps(ride, t) {
  const receipt = ride.receipt;
  if (receipt === undefined || receipt.increments.length === 0) return null;
  return h(
    "details",
    { key: "fare", class: "evidence" },
    h("summary", {}, t("fare.how", { won: won(receipt.fare_won) })),
    h(
      "ul",
      {},
      receipt.increments.map((step) => h("li", { key: step.tap }, t(`fare.${step.tap}`, { time: clockTime(step.at_ms), won: won(step.won), rules: step.rules.map((rule) => t(`rule.${rule}`)).join(", ") }))),
      receipt.waiver === null ? null : h("li", { key: "waiver" }, t(`fare.waiver.${receipt.waiver}`)),
      h("li", { key: "table" }, t("fare.table", { table: receipt.table, entries: receipt.entries.length })),
    ),
  );
}
