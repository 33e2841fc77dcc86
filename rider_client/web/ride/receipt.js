/** A ride as a receipt: what it cost, how that came about, what speaks for it, and how to take it back. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { clockTime } from "/static/shared/time.js";
import { fareSteps } from "/static/rider/ride/fare_steps.js";
import { correctable } from "/static/rider/ride/fix.js";
import { won } from "/static/rider/ride/money.js";
import { receiptMap } from "/static/rider/ride/receipt_map.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 * @typedef {import("/static/rider/ride/sheets.js").Fixing} Fixing
 * @typedef {import("/static/rider/ride/sheets.js").Sheets} Sheets
 */

const ON_BOARD = new Set(["aboard", "detected"]);

/**
 * @param {RideMessage} ride
 * @param {number} serverMs
 * @param {Sheets} sheets
 * @param {Translate} t
 */
export function receipt(ride, serverMs, { fixing, ways }, t) {
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
    fareSteps(ride, t),
    ride.evidence.length === 0 ? null : evidence(ride, ways[ride.ride_id] ?? null, t),
    undo ? corrections(ride, fixing, t) : null,
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
 * @param {import("/static/rider/ride/ridden.js").Ridden | null} way
 * @param {Translate} t
 */
function evidence(ride, way, t) {
  return h(
    "details",
    { class: "evidence", "data-ride": ride.ride_id },
    h("summary", {}, t("receipt.evidence", { n: Math.round(ride.confidence * 100) })),
    h("ul", {}, ride.evidence.map((one, index) => h("li", { key: index }, t(`evidence.${one.key}`, timed(one.values))))),
    way === null ? null : receiptMap(way),
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
 * @param {Fixing | null} fixing
 * @param {Translate} t
 */
export function asked(ride, fixing, t) {
  return h(
    "section",
    { key: ride.ride_id, class: "card asked", "aria-label": t("asked.label") },
    h("div", { class: "card-head" }, h("span", { class: "route" }, ride.route_name), h("span", { class: "plate" }, ride.plate)),
    h("p", { class: "story" }, t(`asked.${ride.question ?? "aboard"}`, { route: ride.route_name, time: clockTime(ride.began_ms), stop: ride.alight_stop_name ?? ride.board_stop_name ?? "" })),
    h(
      "div",
      { class: "card-foot" },
      h("button", { type: "button", class: "plain", "data-act": "confirm", "data-ride": ride.ride_id }, t("asked.yes")),
      h("button", { type: "button", class: "plain", "data-act": "undo", "data-ride": ride.ride_id }, t("asked.no")),
    ),
    corrections(ride, fixing, t),
  );
}

/**
 * "I got off elsewhere": a button, and once pressed the stops that come into question.
 *
 * @param {RideMessage} ride
 * @param {Fixing | null} fixing
 * @param {Translate} t
 */
function corrections(ride, fixing, t) {
  if (fixing?.rideId === ride.ride_id) return [choosing(ride, fixing, t)];
  return correctable(ride).map((end) =>
    h("button", { key: end, type: "button", class: "plain fix", "data-act": "fix", "data-ride": ride.ride_id, "data-end": end }, t(`fix.${end}`)),
  );
}

/**
 * @param {RideMessage} ride
 * @param {Fixing} fixing
 * @param {Translate} t
 */
function choosing(ride, { end, how, choices }, t) {
  const now = end === "board" ? ride.board_stop_id : ride.alight_stop_id;
  return h(
    "div",
    { key: "fixing", class: "fixing", role: "group", "aria-label": t(`fix.${end}.which`) },
    h("p", { class: "story" }, t(`fix.${end}.which`)),
    how === "asking" ? h("p", { class: "aside" }, t("fix.asking")) : how === "offline" ? h("p", { class: "aside" }, t("fix.failed")) : null,
    choices.map((one) =>
      h(
        "button",
        { key: one.stop_id, type: "button", class: "strip-line", "data-act": "correct", "data-ride": ride.ride_id, "data-end": end, "data-stop": one.stop_id, "aria-pressed": String(one.stop_id === now) },
        h("span", { class: "strip-name" }, one.name),
      ),
    ),
    h("button", { key: "close", type: "button", class: "plain", "data-act": "leave it" }, t("fix.close")),
  );
}
