/** A rung bell as a card that stays on top until its end, and as the one line it folds to. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { wish } from "/static/shared/profile_view.js";
import { clockTime } from "/static/shared/time.js";
import { say } from "/static/shared/words.js";
import { endedBells, openBells, rowOf, secondsUntil } from "/static/rider/stop/board.js";
import { eta, staleWords } from "/static/rider/stop/parts.js";
import { storyOf } from "/static/rider/stop/story.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/stop/state.js").State} State
 * @typedef {import("/static/rider/stop/state.js").Bell} Bell
 * @typedef {import("/static/rider/stop/state.js").Waiting} Waiting
 */

const DOTS = ["waiting", "assigned", "shown", "arrived", "boarded"];
/** @type {Record<string, number>} */
const REACHED = { waiting: 0, passed: 0, declined: 0, assigned: 1, shown: 2, acknowledged: 2, arrived: 3, boarded: 4, served: 4 };

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
      reportLink(bell, state.routeNames[bell.message.route_id] ?? bell.message.route_id, t),
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
    h("div", { class: "card-foot" }, cancelButton(ring.bell_id, routeName, false, t), wish({ needs: ring.needs ?? [], party: ring.party ?? 1 }, t)),
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
    row?.stale ? h("p", { class: "aside" }, staleWords(row, state, t), " · ", t("row.unsure")) : null,
    message.stop_id === state.stop.stop_id ? null : h("p", { class: "aside" }, t("card.elsewhere")),
    bell.note === null ? null : h("p", { class: "aside" }, bell.note),
    state.push.bells[message.bell_id] === "denied" ? h("p", { class: "aside" }, t("push.said.denied")) : null,
    h("div", { class: "card-foot" }, cancelButton(message.bell_id, route, bell.cancelling, t), pushSwitch(message.bell_id, state, t), reportLink(bell, route, t), bell.asked === null ? null : wish(bell.asked, t)),
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
 * A dot for each step, five for a boarding bell; the reached one carries word and time.
 *
 * @param {number} reached index, -1 before the first
 * @param {string | null} time
 * @param {Translate} t
 * @param {readonly string[]} [steps]
 */
export function dots(reached, time, t, steps = DOTS) {
  return h(
    "ol",
    { class: "dots" },
    steps.map((name, index) =>
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
 * @param {string} bellId
 * @param {State} state
 * @param {Translate} t
 */
function pushSwitch(bellId, { push }, t) {
  if (!push.offered) return null;
  const now = push.bells[bellId] ?? "off";
  return h(
    "button",
    { type: "button", class: "push", "data-act": "push", "data-bell": bellId, "aria-pressed": String(now === "on"), "aria-busy": now === "asking" ? "true" : null },
    t(now === "on" ? "push.on" : "push.off"),
  );
}

/**
 * A bus that passed can be reported; the rider app fills the report from the record.
 *
 * @param {Bell} bell
 * @param {string} route
 * @param {Translate} t
 */
function reportLink({ message, failed }, route, t) {
  if (failed?.state !== "passed") return null;
  return h("a", { class: "report", href: `/ride#/report/${message.bell_id}`, "aria-label": t("report.label", { route }) }, t("report"));
}
