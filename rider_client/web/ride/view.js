/** The rider app around its tabs: heading, tabs, and what the chosen place shows. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { openBells } from "/static/rider/stop/board.js";
import { cards } from "/static/rider/stop/card.js";
import { aboardTab } from "/static/rider/ride/aboard_view.js";
import { current, openBell } from "/static/rider/ride/onboard.js";
import { companionSheet } from "/static/rider/ride/companion_view.js";
import { stopName } from "/static/rider/ride/names.js";
import { past } from "/static/rider/ride/past_view.js";
import { reportSheet } from "/static/rider/ride/report_view.js";
import { stops } from "/static/rider/ride/stops_view.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/ride/state.js").State} State
 */

const TABS = /** @type {const} */ (["stops", "aboard", "past"]);
const PICTURES = { stops: "gps", aboard: "bus", past: "list" };

/**
 * @param {State} state
 * @param {Translate} t
 */
export function heading({ place }, t) {
  return t(`tab.${place.tab}`);
}

/**
 * A companion sees no tabs: the page is not theirs.
 *
 * @param {State} state
 * @param {Translate} t
 */
export function tabs({ place, at, aboard }, t) {
  if (place.tab === "with") return [];
  const marks = { stops: openBells(at).length > 0, aboard: current(aboard) !== null || openBell(aboard) !== null, past: false };
  return TABS.map((tab) =>
    h(
      "a",
      { key: tab, class: "tab", href: `#/${tab}`, "aria-current": place.tab === tab ? "page" : null },
      icon(PICTURES[tab]),
      h("span", {}, t(`tab.${tab}`)),
      marks[tab] ? h("span", { class: "tab-mark" }, h("span", { class: "spoken" }, t("tab.going_on"))) : null,
    ),
  );
}

/**
 * Every open bell, on whatever tab, with the name of its stop.
 *
 * @param {State} state
 * @param {Translate} t
 */
export function myBells(state, t) {
  const { at, place } = state;
  if (place.tab === "with" || place.tab === "report") return [];
  const pending = cards({ ...at, bells: {} }, t);
  return [
    ...pending,
    ...openBells(at).map((bell) => {
      const { bell_id: bellId, stop_id: stopId } = bell.message;
      const board = stopId === at.stop.stop_id ? at.board : null;
      const name = stopName(state, stopId);
      return h(
        "div",
        { key: bellId, class: "my-bell" },
        name === "" ? null : h("p", { class: "my-bell-stop" }, icon("gps"), name),
        cards({ ...at, waiting: {}, bells: { [bellId]: bell }, stop: { ...at.stop, stop_id: stopId }, board }, t),
      );
    }),
  ];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function content(state, t) {
  switch (state.place.tab) {
    case "stops":
      return stops(state, t);
    case "aboard":
      return aboardTab(state, t);
    case "past":
      return past(state, t);
    case "report":
      return reportSheet(state, t);
    case "with":
      return companionSheet(state, t);
  }
}
