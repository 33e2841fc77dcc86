/** What the stop page looks like: state in, nodes out. No document, no clock. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { ageWords, clockTime, minutesUntil } from "/static/shared/time.js";
import { endedBells, lines, openBells, rowOf, secondsUntil, secondsUntilRow } from "/static/rider/stop/board.js";
import { storyOf } from "/static/rider/stop/story.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/words.js").Said} Said
 * @typedef {import("/static/rider/stop/state.js").State} State
 * @typedef {import("/static/rider/stop/board.js").Line} Line
 * @typedef {import("/static/rider/stop/state.js").Bell} Bell
 * @typedef {import("/static/rider/stop/state.js").Waiting} Waiting
 * @typedef {import("/static/shared/wire.d.ts").ArrivalRow} ArrivalRow
 * @typedef {import("/static/shared/wire.d.ts").Need} Need
 */

/** After this long without a word the page says how old its board is. */
const BOARD_OLD_S = 20;

/** @type {readonly Need[]} */
export const NEEDS = ["wheelchair", "blind", "low_vision", "deaf", "slow", "stroller"];

const PARTY_MAX = 9;

const DOTS = ["waiting", "assigned", "shown", "arrived", "boarded"];
/** @type {Record<string, number>} */
const REACHED = { waiting: 0, passed: 0, declined: 0, assigned: 1, shown: 2, acknowledged: 2, arrived: 3, boarded: 4, served: 4 };

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
export function cards(state, t) {
  return [
    ...Object.values(state.waiting).map((pending) => pendingCard(pending, state, t)),
    ...openBells(state).map((bell) => card(bell, state, t)),
  ];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function ended(state, t) {
  return endedBells(state).map((bell) =>
    h(
      "li",
      { key: bell.message.bell_id, class: `ended ended-${bell.message.state}` },
      icon(["cancelled", "expired", "refused"].includes(bell.message.state) ? "cross" : "tick"),
      h("span", { class: "ended-route" }, state.routeNames[bell.message.route_id] ?? bell.message.route_id),
      h("span", { class: "ended-what" }, say(storyOf(bell, state), t)),
      h("span", { class: "ended-when" }, clockTime(bell.message.at_ms)),
    ),
  );
}

/**
 * @param {Waiting} pending
 * @param {State} state
 * @param {Translate} t
 */
function pendingCard({ ring, routeName }, state, t) {
  return h(
    "section",
    { key: ring.bell_id, class: "card", "aria-label": t("card.label", { route: routeName }) },
    h("div", { class: "card-head" }, h("span", { class: "route" }, routeName)),
    dots(-1, null, t),
    h("p", { class: "story" }, t(state.link.live ? "ring.sending" : "ring.offline")),
    h("div", { class: "card-foot" }, cancelButton(ring.bell_id, routeName, false, t), wish(ring.needs ?? [], ring.party ?? 1, t)),
  );
}

/**
 * @param {Bell} bell
 * @param {State} state
 * @param {Translate} t
 */
function card(bell, state, t) {
  const { message } = bell;
  const route = state.routeNames[message.route_id] ?? message.route_id;
  const seconds = message.state === "arrived" ? null : secondsUntil(message, state);
  const row = rowOf(message, state);
  return h(
    "section",
    { key: message.bell_id, class: `card card-${message.state}`, "aria-label": t("card.label", { route }) },
    h(
      "div",
      { class: "card-head" },
      h("span", { class: "route" }, route),
      h("span", { class: "plate" }, message.plate ?? ""),
      seconds === null ? null : h("span", { class: "eta" }, eta(seconds, t)),
    ),
    dots(REACHED[message.state] ?? 0, clockTime(message.at_ms), t),
    h("p", { class: "story" }, say(storyOf(bell, state), t)),
    row?.stale ? h("p", { class: "aside" }, stale(row, state, t)) : null,
    message.stop_id === state.stop.stop_id ? null : h("p", { class: "aside" }, t("card.elsewhere")),
    bell.note === null ? null : h("p", { class: "aside" }, bell.note),
    h("div", { class: "card-foot" }, cancelButton(message.bell_id, route, bell.cancelling, t), bell.asked === null ? null : wish(bell.asked.needs, bell.asked.party, t)),
  );
}

/**
 * @param {string} bellId
 * @param {string} route
 * @param {boolean} cancelling
 * @param {Translate} t
 */
function cancelButton(bellId, route, cancelling, t) {
  return h(
    "button",
    {
      type: "button",
      class: "cancel",
      "data-act": "cancel",
      "data-bell": bellId,
      "aria-label": t("cancel.label", { route }),
      "aria-disabled": cancelling ? "true" : null,
    },
    t(cancelling ? "cancel.sending" : "cancel"),
  );
}

/**
 * Five dots; the reached one carries word and time.
 *
 * @param {number} reached index, -1 before the first
 * @param {string | null} time
 * @param {Translate} t
 */
function dots(reached, time, t) {
  return h(
    "ol",
    { class: "dots" },
    DOTS.map((name, index) =>
      h(
        "li",
        {
          key: name,
          class: index < reached ? "dot done" : index === reached ? "dot reached" : "dot",
          "aria-current": index === reached ? "step" : null,
        },
        h("span", { class: "dot-word" }, t(`dot.${name}`)),
        index === reached && time !== null ? h("span", { class: "dot-time" }, time) : null,
      ),
    ),
  );
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function board(state, t) {
  if (state.board === null) return [1, 2, 3].map((n) => h("li", { key: `bone${n}`, class: "row bone", "aria-hidden": "true" }));
  const all = lines(state);
  const busy = openBells(state).length > 0 || Object.keys(state.waiting).length > 0;
  if (all.length === 0) return busy ? [] : [h("li", { key: "none", class: "empty" }, t("board.empty"))];
  return all.map((one) => line(one, state, busy, t));
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
    { key: `${row.vehicle_id} ${row.stop_sequence}`, class: row.ringable ? "row" : "row row-quiet" },
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
  return row.stale ? stale(row, state, t) : t(row.stops_away === 1 ? "row.away.next" : "row.away", { n: row.stops_away });
}

/**
 * @param {ArrivalRow} row
 * @param {State} state
 * @param {Translate} t
 */
function stale(row, state, t) {
  return t("row.stale", { age: say(ageWords(row.age_s + (state.nowMs - state.boardTakenMs) / 1000), t) });
}

/**
 * @param {Line} one
 * @param {State} state
 * @param {boolean} busy
 * @param {Translate} t
 */
function action({ key, row, taken }, state, busy, t) {
  if (row.here) return h("span", { class: "board-now" }, t("row.board_now"));
  if (!row.ringable) return h("span", { class: "why-not" }, whyNot(row, t));
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
 * @param {ArrivalRow} row
 * @param {Translate} t
 */
function whyNot(row, t) {
  const told = ["too_late", "no_terminal", "bus_silent", "alight_only", "full", "cannot_stop", "off_route", "not_in_service"];
  const reason = row.why_not ?? "";
  return t(told.includes(reason) ? `why_not.${reason}` : "why_not");
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
    row.crowding === null ? null : h("span", { class: "chip" }, t(`crowding.${row.crowding}`)),
    row.seats_left === null ? null : h("span", { class: "chip" }, t("chip.seats", { n: row.seats_left })),
    after === null ? null : h("span", { class: "chip" }, t("chip.after", { n: after })),
  ].filter((chip) => chip !== null);
  return h("span", { class: "chips" }, row.headsign ? h("span", { class: "chip" }, t("chip.headsign", { headsign: row.headsign })) : null, known);
}

/**
 * @param {number} seconds
 * @param {Translate} t
 */
function eta(seconds, t) {
  const minutes = minutesUntil(seconds);
  return minutes === null
    ? [h("b", {}, t("eta.soon"))]
    : [h("b", {}, minutes), h("span", { class: "unit" }, t("eta.unit"))];
}

/**
 * @param {readonly Need[]} needs
 * @param {number} party
 * @param {Translate} t
 */
function wish(needs, party, t) {
  const words = [...needs.map((need) => t(`need.${need}`)), ...(party > 1 ? [t("party", { n: party })] : [])];
  return words.length === 0 ? null : h("span", { class: "wish" }, words.join(" · "));
}

/**
 * Who rings: how many, and what the driver should be ready for. Kept on this device only.
 *
 * @param {State} state
 * @param {Translate} t
 */
export function wishes({ needs, party }, t) {
  return [
    h("summary", {}, h("span", {}, t("wish.title")), h("span", { class: "wish" }, wish(needs, party, t) ?? t("wish.none"))),
    h(
      "div",
      { class: "wish-body" },
      h(
        "div",
        { class: "party", role: "group", "aria-label": t("wish.party") },
        h("span", {}, t("wish.party")),
        h("button", { type: "button", "data-act": "fewer", "aria-label": t("wish.fewer"), "aria-disabled": party <= 1 ? "true" : null }, "−"),
        h("output", {}, party),
        h("button", { type: "button", "data-act": "more", "aria-label": t("wish.more"), "aria-disabled": party >= PARTY_MAX ? "true" : null }, "+"),
      ),
      h(
        "div",
        { class: "needs", role: "group", "aria-label": t("wish.needs") },
        NEEDS.map((need) =>
          h(
            "button",
            { key: need, type: "button", class: "need", "data-act": "need", "data-need": need, "aria-pressed": String(needs.includes(need)) },
            icon(need),
            t(`need.${need}`),
          ),
        ),
      ),
      h("p", { class: "aside" }, t("wish.privacy")),
    ),
  ];
}

/**
 * @param {Said} said
 * @param {Translate} t
 * @returns {string}
 */
export function say({ key, values }, t) {
  return t(key, values);
}
