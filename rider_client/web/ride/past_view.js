/** The tab "history": bells that ended and rides, the newest first. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { ended } from "/static/rider/stop/card.js";
import { receipt } from "/static/rider/ride/receipt.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/ride/state.js").State} State
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function past(state, t) {
  const lines = ended(state.at, t);
  return [
    lines.length === 0 ? null : h("section", { key: "bells", "aria-labelledby": "past-bells" }, h("h2", { id: "past-bells" }, t("past.bells")), h("ul", { class: "past-bells" }, lines)),
    h("section", { key: "rides", "aria-labelledby": "past-rides" }, h("h2", { id: "past-rides" }, t("past.rides")), rides(state, t)),
  ];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function rides({ sheets, aboard, at }, t) {
  const serverMs = at.nowMs + at.serverAheadMs;
  const known = sheets.rides ?? [];
  const newer = known.map((ride) => aboard.rides[ride.ride_id] ?? ride);
  return [
    sheets.ridesFailed ? h("p", { key: "failed", class: "empty" }, t(sheets.rides === null ? "past.failed" : "past.old")) : null,
    sheets.rides === null && !sheets.ridesFailed ? [1, 2].map((n) => h("div", { key: `bone${n}`, class: "row bone", "aria-hidden": "true" })) : null,
    sheets.rides !== null && newer.length === 0 ? h("p", { key: "none", class: "empty" }, t("past.none")) : null,
    newer.some((ride) => ride.fare_won !== undefined) ? statements(serverMs, t) : null,
    newer.map((ride) => receipt(ride, serverMs, sheets, t)),
  ];
}

/**
 * What was charged in this month and the last, as files to keep.
 *
 * @param {number} serverMs
 * @param {Translate} t
 */
function statements(serverMs, t) {
  const now = new Date(serverMs);
  const months = [0, 1].map((back) => new Date(now.getFullYear(), now.getMonth() - back, 1));
  return h(
    "p",
    { key: "statements", class: "statements" },
    months.map((month) => {
      const name = `${month.getFullYear()}-${String(month.getMonth() + 1).padStart(2, "0")}`;
      return h("a", { key: name, class: "statement", href: `/v1/ledger/statement.csv?month=${name}`, download: true }, t("past.statement", { month: month.getMonth() + 1 }));
    }),
  );
}
