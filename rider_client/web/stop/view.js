/** What the stop page looks like around its cards: notice, board, star. State in, nodes out. No document, no clock. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { ageWords, clockTime, minutesUntil } from "/static/shared/time.js";
import { say } from "/static/shared/words.js";
import { lines, openBells, secondsUntilRow, whyNot } from "/static/rider/stop/board.js";
import { eta, staleWords } from "/static/rider/stop/parts.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/stop/state.js").State} State
 * @typedef {import("/static/rider/stop/board.js").Line} Line
 * @typedef {import("/static/shared/wire.d.ts").ArrivalRow} ArrivalRow
 */

/** After this long without a word the page says how old its board is. */
const BOARD_OLD_S = 20;

/**
 * @param {State} state
 * @param {Translate} t
 */
export function notice(state, t) {
  const { link, board, nowMs, boardTakenMs } = state;
  if (link.live || nowMs - link.sinceMs < 2_000) return [];
  const known = board === null ? t("link.nothing") : t("link.known", { time: clockTime(boardTakenMs + state.serverAheadMs) });
  return [h("p", { class: "notice" }, h("strong", {}, t(link.everLive ? "link.lost" : "link.none")), " ", known)];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function board(state, t) {
  if (state.board === null) return [1, 2, 3].map((n) => h("li", { key: `bone${n}`, class: "row bone", "aria-hidden": "true" }));
  const all = lines(state);
  const busy = openBells(state).length > 0 || Object.keys(state.waiting).length > 0;
  if (all.length === 0) return busy ? [] : [h("li", { key: "none", class: "empty" }, t(state.link.live || state.board.buses.length === 0 ? "board.empty" : "link.nothing"))];
  return [noLowFloor(all, state, busy, t), ...all.map((one) => line(one, state, busy, t))];
}

/**
 * How old the board is, when that matters.
 *
 * @param {State} state
 * @param {Translate} t
 */
export function boardAge(state, t) {
  if (state.board === null || !state.link.live) return [];
  const oldS = (state.nowMs - state.boardTakenMs) / 1000;
  return oldS < BOARD_OLD_S ? [] : [t("board.age", { age: say(ageWords(oldS), t) })];
}

/**
 * @param {Line} one
 * @param {State} state
 * @param {boolean} busy a card is open
 * @param {Translate} t
 */
function line(one, state, busy, t) {
  const { row } = one;
  const problem = state.problem?.line === one.key ? state.problem.text : null;
  return h(
    "li",
    { key: `${row.vehicle_id} ${row.stop_sequence}`, class: whyNot(row, state.needs) === null ? "row" : "row row-quiet" },
    h("span", { class: "route" }, row.route_name),
    row.here ? h("span", { class: "here" }, t("row.here")) : h("span", { class: "eta" }, eta(secondsUntilRow(row, state), t)),
    h("span", { class: "away" }, away(row, state, t)),
    h("span", { class: "action" }, action(one, state, busy, t)),
    chips(one, state, t),
    problem === null ? null : h("p", { class: "problem" }, typeof problem === "string" ? problem : say(problem, t)),
  );
}

/**
 * @param {ArrivalRow} row
 * @param {State} state
 * @param {Translate} t
 */
function away(row, state, t) {
  if (row.here) return "";
  return row.stale ? staleWords(row, state, t) : t(row.stops_away === 1 ? "row.away.next" : "row.away", { n: row.stops_away });
}

/**
 * @param {Line} one
 * @param {State} state
 * @param {boolean} busy
 * @param {Translate} t
 */
function action({ key, row, taken }, state, busy, t) {
  if (row.here) return h("span", { class: "board-now" }, t("row.board_now"));
  const why = whyNot(row, state.needs);
  if (why !== null) return h("span", { class: "why-not" }, t(why));
  if (taken) return h("span", { class: "why-not" }, t("row.taken"));
  const locating = state.locating?.key === key;
  const minutes = minutesUntil(secondsUntilRow(row, state));
  return h(
    "button",
    {
      type: "button",
      class: busy ? "ring ring-second" : "ring",
      "data-act": "ring",
      "data-route": row.route_id,
      "data-line": key,
      "aria-busy": locating ? "true" : null,
      "aria-label": t(minutes === null ? "ring.label.soon" : "ring.label", { route: row.route_name, minutes: minutes ?? 0, headsign: row.headsign }),
    },
    h("span", { class: "ring-face" }, icon("bell"), t(locating ? "ring.locating" : "ring")),
  );
}

/**
 * Only what is known; unknown is not said.
 *
 * @param {Line} one
 * @param {State} state
 * @param {Translate} t
 */
function chips({ row, nextRow }, state, t) {
  const after = nextRow === null ? null : minutesUntil(secondsUntilRow(nextRow, state));
  const known = [
    row.last_bus ? h("span", { class: "chip chip-last" }, t("chip.last")) : null,
    row.low_floor ? h("span", { class: "chip" }, t("chip.low_floor")) : null,
    ...(state.needs.includes("wheelchair") ? forWheelchair(row, t) : []),
    row.crowding === null ? null : h("span", { class: "chip" }, t(`crowding.${row.crowding}`)),
    row.seats_left === null ? null : h("span", { class: "chip" }, t("chip.seats", { n: row.seats_left })),
    after === null ? null : h("span", { class: "chip" }, t("chip.after", { n: after })),
    (row.stale || row.unsure) && row.ringable ? h("span", { class: "chip chip-unsure" }, t("row.unsure")) : null,
  ].filter((chip) => chip !== null);
  return h("span", { class: "chips" }, row.headsign ? h("span", { class: "chip" }, t("chip.headsign", { headsign: row.headsign })) : null, known);
}

/**
 * @param {ArrivalRow} row
 * @param {Translate} t
 */
function forWheelchair({ low_floor: lowFloor, bays_free: bays }, t) {
  return [
    lowFloor === null ? h("span", { class: "chip" }, t("chip.floor_unknown")) : null,
    bays === null || bays === 0 ? null : h("span", { class: "chip chip-bay" }, t("chip.bays", { n: bays })),
  ];
}

/**
 * To a wheelchair for which none of the buses on the board will do, that is said first.
 *
 * @param {readonly Line[]} all
 * @param {State} state
 * @param {boolean} busy
 * @param {Translate} t
 */
function noLowFloor(all, state, busy, t) {
  if (busy || !state.needs.includes("wheelchair") || all.some(({ row }) => whyNot(row, state.needs) === null)) return null;
  return all.some(({ row }) => row.ringable) ? h("li", { key: "no low floor", class: "needs-note" }, t("board.no_low_floor")) : null;
}

/**
 * The star that keeps this stop among the rider's own.
 *
 * @param {boolean} on
 * @param {Translate} t
 */
export function star(on, t) {
  return h("button", { type: "button", class: on ? "star star-on" : "star", "data-act": "star", "aria-pressed": String(on), "aria-label": t("star") }, icon(on ? "star" : "star_open"));
}
