/** The tab "on board": which bus, the way ahead as a strip, where to get off. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { ageWords, clockTime } from "/static/shared/time.js";
import { say } from "/static/shared/words.js";
import { dots } from "/static/rider/stop/card.js";
import { alightStory } from "/static/rider/ride/alight_story.js";
import { current, endedBell, openBell, way } from "/static/rider/ride/onboard.js";
import { inLang } from "/static/rider/ride/finder.js";
import { won } from "/static/rider/ride/money.js";
import { inspection } from "/static/rider/ride/pass_view.js";
import { asked, receipt } from "/static/rider/ride/receipt.js";
import { chooser } from "/static/rider/ride/strip_view.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/ride/state.js").State} State
 * @typedef {import("/static/rider/ride/api.js").BusItem} BusItem
 * @typedef {import("/static/rider/ride/strip.js").Strip} Strip
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 */

const ALIGHT_DOTS = ["waiting", "shown", "arrived", "alighted"];
/** @type {Record<string, number>} */
const REACHED = { waiting: 0, assigned: 0, passed: 0, declined: 1, shown: 1, acknowledged: 1, arrived: 2, alighted: 3, served: 3 };
/** A position older than this is told with its age. */
const OLD_S = 20;

/**
 * @param {State} state
 * @param {Translate} t
 */
export function aboardTab(state, t) {
  const { aboard } = state;
  const on = current(aboard);
  const problem = aboard.problem === null ? null : typeof aboard.problem === "string" ? aboard.problem : say(aboard.problem, t);
  return [
    problem === null ? null : h("p", { key: "problem", class: "problem" }, problem),
    Object.values(aboard.rides).filter((ride) => ride.state === "asked").map((ride) => asked(ride, state.sheets.fixing, t)),
    on === null ? choose(state, t) : riding(on, state, t),
    Object.values(aboard.rides)
      .filter((ride) => ride !== on && ride.state !== "asked")
      .sort((a, b) => b.at_ms - a.at_ms)
      .slice(0, 1)
      .map((ride) => receipt(ride, state.at.nowMs + state.at.serverAheadMs, state.sheets, t)),
  ];
}

/**
 * "I am on this bus": the buses near, nearest first.
 *
 * @param {State} state
 * @param {Translate} t
 */
function choose({ finder, aboard }, t) {
  const busy = aboard.entering !== null;
  return h(
    "section",
    { key: "choose", class: "choose-bus", "aria-labelledby": "choose-title" },
    h("h2", { id: "choose-title" }, t("aboard.which")),
    h("p", { class: "aside" }, t("aboard.code_hint")),
    h(
      "button",
      { type: "button", class: "locate wide", "data-act": "locate", "aria-busy": finder.locating ? "true" : null },
      icon("gps"),
      t(finder.locating ? "stops.locating" : "aboard.find"),
    ),
    finder.noPlace === null ? null : h("p", { class: "empty" }, t(`stops.nowhere.${finder.noPlace}`)),
    finder.here !== null && finder.buses.length === 0 ? h("p", { class: "empty" }, t("aboard.none_near")) : null,
    h("ul", { id: "buses", "aria-label": t("aboard.near") }, finder.buses.map((bus) => busLine(bus, finder.lang, aboard.entering?.vehicleId ?? null, busy, t))),
  );
}

/**
 * @param {BusItem} bus
 * @param {string} lang
 * @param {string | null} entering
 * @param {boolean} busy
 * @param {Translate} t
 */
function busLine(bus, lang, entering, busy, t) {
  const next = inLang(bus.next_stop_name ?? "", bus.next_stop_names, lang);
  return h(
    "li",
    { key: bus.vehicle_id, class: "bus" },
    h("span", { class: "route" }, bus.route_name ?? ""),
    h(
      "span",
      { class: "bus-about" },
      h("span", { class: "plate" }, bus.plate),
      h("span", {}, t("aboard.bus_next", { stop: next })),
      bus.distance_m === null ? null : h("span", {}, t("stops.metres", { n: bus.distance_m })),
    ),
    h(
      "button",
      {
        type: "button",
        class: "enter",
        "data-act": "enter",
        "data-vehicle": bus.vehicle_id,
        "aria-disabled": busy ? "true" : null,
        "aria-label": t("aboard.enter_label", { route: bus.route_name ?? "", plate: bus.plate }),
      },
      t(entering === bus.vehicle_id ? "aboard.entering" : "aboard.enter"),
    ),
  );
}

/**
 * @param {RideMessage} on
 * @param {State} state
 * @param {Translate} t
 */
function riding(on, state, t) {
  const { aboard, at, finder } = state;
  const strip = way(aboard, at.nowMs);
  const bell = openBell(aboard);
  return h(
    "section",
    { key: on.ride_id, class: "riding", "aria-labelledby": "riding-title" },
    head(on, state, t),
    bell === null ? bellEnd(state, t) : bellCard(bell, state, t),
    inspection(on.ride_id, state.pass, at.nowMs, t),
    strip === null ? h("p", { class: "empty" }, t(aboard.bus === null ? "aboard.looking" : "aboard.lost")) : nextButton(strip, state, t),
    strip === null ? null : chooser(strip, aboard.ringing?.stopSequence ?? bell?.stop_sequence ?? null, finder.lang, t),
    foot(on, state, t),
  );
}

/**
 * @param {RideMessage} on
 * @param {State} state
 * @param {Translate} t
 */
function head(on, { aboard, at }, t) {
  const { run, bus } = aboard;
  const oldS = bus === null ? 0 : bus.age_s + (at.nowMs - aboard.busTakenMs) / 1000;
  const since = on.board_stop_name === undefined ? t("ride.since", { time: clockTime(on.began_ms) }) : t("ride.since_at", { time: clockTime(on.board_at_ms ?? on.began_ms), stop: on.board_stop_name });
  return h(
    "header",
    { class: "riding-head" },
    h(
      "h2",
      { id: "riding-title" },
      h("span", { class: "route" }, on.route_name),
      h("span", { class: "plate" }, on.plate),
    ),
    run === null || run.headsign === "" ? null : h("p", { class: "towards" }, t("chip.headsign", { headsign: run.headsign })),
    h("p", { class: "aside" }, since, on.fare_won === undefined ? null : h("b", { class: "fare" }, t("ride.so_far", { won: won(on.fare_won) }))),
    bus !== null && (bus.stale || oldS > OLD_S) ? h("p", { class: "aside stale" }, t("row.stale", { age: say(ageWords(oldS), t) }), " · ", t("row.unsure")) : null,
  );
}

/**
 * @param {BellMessage} bell
 * @param {State} state
 * @param {Translate} t
 */
function bellCard(bell, { aboard, finder }, t) {
  const stop = aboard.run?.stops.find((one) => one.stop_sequence === bell.stop_sequence);
  const name = stop === undefined ? "" : inLang(stop.name, stop.names, finder.lang);
  const story = alightStory(bell, aboard.run, finder.lang);
  return h(
    "section",
    { key: bell.bell_id, class: `card card-alight card-${bell.state}`, "aria-label": t("alight.card", { stop: name }) },
    h("div", { class: "card-head" }, icon("stop"), h("span", { class: "alight-stop" }, name)),
    dots(REACHED[bell.state] ?? 0, clockTime(bell.at_ms), t, ALIGHT_DOTS),
    h("p", { class: "story" }, say(story, t)),
    h("div", { class: "card-foot" }, h("button", { type: "button", class: "cancel", "data-act": "stay", "aria-label": t("alight.cancel_label", { stop: name }) }, t("alight.cancel"))),
  );
}

/**
 * How the last one ended, as one line.
 *
 * @param {State} state
 * @param {Translate} t
 */
function bellEnd({ aboard, at, finder }, t) {
  const bell = endedBell(aboard, at.nowMs + at.serverAheadMs);
  if (bell === null) return null;
  const bad = ["cancelled", "expired", "refused"].includes(bell.state);
  return h(
    "p",
    { key: "end", class: `ended ended-${bell.state}` },
    icon(bad ? "cross" : "tick"),
    h("span", { class: "ended-what" }, say(alightStory(bell, aboard.run, finder.lang), t)),
    h("span", { class: "ended-when" }, clockTime(bell.at_ms)),
  );
}

/**
 * The large button: the next stop at which one may get off.
 *
 * @param {Strip} strip
 * @param {State} state
 * @param {Translate} t
 */
function nextButton(strip, { aboard, finder }, t) {
  const next = strip.ahead.find(({ stop, away }) => stop.alighting && !(strip.here && away === 1));
  const chosen = aboard.ringing?.stopSequence ?? openBell(aboard)?.stop_sequence;
  if (next === undefined || next.stop.stop_sequence === chosen) return null;
  return h(
    "button",
    { key: "next", type: "button", class: chosen == null ? "let-off" : "let-off let-off-second", "data-act": "off", "data-sequence": next.stop.stop_sequence },
    icon("stop"),
    h("span", {}, h("b", {}, t("alight.next")), h("span", { class: "let-off-stop" }, inLang(next.stop.name, next.stop.names, finder.lang))),
  );
}

/**
 * @param {RideMessage} on
 * @param {State} state
 * @param {Translate} t
 */
function foot(on, { sheets }, t) {
  const { link, sharing } = sheets;
  return h(
    "footer",
    { class: "riding-foot" },
    h("button", { type: "button", class: "plain", "data-act": "share", "data-ride": on.ride_id, "aria-busy": sharing === "asking" ? "true" : null }, t(link === null ? "with.share" : "with.share_again")),
    link === null ? null : h("button", { type: "button", class: "plain", "data-act": "unshare" }, t("with.end", { time: clockTime(link.expires_ms) })),
    ["copied", "failed"].includes(sharing) ? h("p", { class: "aside" }, t(`with.${sharing}`)) : null,
    h("button", { type: "button", class: "plain", "data-act": "leave" }, t("ride.leave")),
    h("button", { type: "button", class: "plain quiet", "data-act": "undo", "data-ride": on.ride_id }, t("ride.not_me")),
  );
}
