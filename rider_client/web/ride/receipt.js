/** A ride as a receipt: what it cost, how that came about, what speaks for it, and how to take it back. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { clockTime } from "/static/shared/time.js";
import { won } from "/static/rider/ride/money.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 */

const ON_BOARD = new Set(["aboard", "detected"]);

/**
 * @param {RideMessage} ride
 * @param {number} serverMs
 * @param {Translate} t
 */
export function receipt(ride, serverMs, t) {
  const priced = ride.fare_won !== undefined && ride.state !== "voided";
  const undo = ride.undo_until_ms !== undefined && serverMs < ride.undo_until_ms;
  return h(
    "article",
    { key: ride.ride_id, class: `receipt receipt-${ride.state}`, "aria-label": t("receipt.label", { route: ride.route_name, time: clockTime(ride.began_ms) }) },
    h(
      "div",
      { class: "receipt-head" },
      h("span", { class: "route" }, ride.route_name),
      h("span", { class: "plate" }, ride.plate),
      h("b", { class: "fare" }, priced ? t("receipt.won", { won: won(ride.fare_won ?? 0) }) : t(`ride.state.${ride.state}`)),
    ),
    priced ? h("p", { class: "aside" }, t(`ride.state.${ride.state}`)) : null,
    h("p", {}, journey(ride, t)),
    ride.evidence.length === 0 ? null : evidence(ride, t),
    undo ? h("p", { class: "receipt-undo" }, h("button", { type: "button", class: "plain", "data-act": "undo", "data-ride": ride.ride_id }, t("ride.not_me")), h("span", { class: "aside" }, t("receipt.undo_until", { time: clockTime(ride.undo_until_ms ?? 0) }))) : null,
  );
}

/**
 * @param {RideMessage} ride
 * @param {Translate} t
 * @returns {string}
 */
function journey(ride, t) {
  const from = t("receipt.from", { time: clockTime(ride.board_at_ms ?? ride.began_ms), stop: ride.board_stop_name ?? t("receipt.unknown_stop") });
  if (ON_BOARD.has(ride.state)) return from;
  const to = t("receipt.to", { time: clockTime(ride.alight_at_ms ?? ride.at_ms), stop: ride.alight_stop_name ?? t("receipt.unknown_stop") });
  return `${from} ${to}`;
}

/**
 * @param {RideMessage} ride
 * @param {Translate} t
 */
function evidence(ride, t) {
  return h(
    "details",
    { class: "evidence" },
    h("summary", {}, t("receipt.evidence", { n: Math.round(ride.confidence * 100) })),
    h("ul", {}, ride.evidence.map((one, index) => h("li", { key: index }, t(`evidence.${one.key}`, timed(one.values))))),
  );
}

/**
 * Times among the values (`…_ms` since the epoch) are said as clock times.
 *
 * @param {Record<string, string | number>} values
 * @returns {Record<string, string | number>}
 */
function timed(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name.endsWith("_ms") && typeof value === "number" ? clockTime(value) : value]));
}

/**
 * Asked instead of charged: were you on it, where did you get on or off?
 *
 * @param {RideMessage} ride
 * @param {Translate} t
 */
export function asked(ride, t) {
  return h(
    "section",
    { key: ride.ride_id, class: "card asked", "aria-label": t("asked.label") },
    h("div", { class: "card-head" }, icon("person"), h("span", { class: "route" }, ride.route_name), h("span", { class: "plate" }, ride.plate)),
    h("p", { class: "story" }, t(`asked.${ride.question ?? "aboard"}`, { route: ride.route_name, time: clockTime(ride.began_ms), stop: ride.alight_stop_name ?? ride.board_stop_name ?? "" })),
    h(
      "div",
      { class: "card-foot" },
      h("button", { type: "button", class: "plain", "data-act": "confirm", "data-ride": ride.ride_id }, t("asked.yes")),
      h("button", { type: "button", class: "plain", "data-act": "undo", "data-ride": ride.ride_id }, t("asked.no")),
    ),
  );
}
