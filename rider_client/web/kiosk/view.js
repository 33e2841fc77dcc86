/** What the kiosk looks like: state in, nodes out. Six large buttons, one sentence, three keys below. No document, no clock. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { clockTime, minutesUntil } from "/static/shared/time.js";
import { say } from "/static/shared/words.js";
import { secondsUntilRow, whyNot } from "/static/rider/stop/board.js";
import { eta, staleWords } from "/static/rider/stop/parts.js";
import { openPress } from "/static/rider/kiosk/presses.js";
import { onScreen, screens } from "/static/rider/kiosk/state.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/kiosk/state.js").State} State
 * @typedef {import("/static/rider/stop/board.js").Line} Line
 */

/** A link that is away for less than this is not worth a word. */
const PATIENCE_MS = 2_000;

/**
 * @param {State} state
 * @param {Translate} t
 */
export function notice(state, t) {
  if (!state.enrolled) return [h("p", { class: "notice" }, t("kiosk.not_enrolled"))];
  if (state.link.live || state.nowMs - state.link.sinceMs < PATIENCE_MS) return [];
  return [h("p", { class: "notice" }, t("kiosk.offline"), " ", state.board === null ? "" : t("link.known", { time: clockTime(state.boardTakenMs) }))];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function routes(state, t) {
  const all = onScreen(state);
  if (all.length === 0) return [h("li", { class: "empty" }, t(state.board === null || !state.link.live ? "link.nothing" : "board.empty"))];
  return all.map((line) => h("li", { key: line.key }, button(line, state, t)));
}

/**
 * @param {Line} line
 * @param {State} state
 * @param {Translate} t
 */
function button(line, state, t) {
  const { row } = line;
  const rung = openPress(state, line.key);
  const why = whyNot(row, state.needs);
  const seconds = secondsUntilRow(row, state);
  const kind = rung ? "route route-rung" : why !== null || row.here ? "route route-quiet" : "route";
  return h(
    "button",
    { type: "button", class: kind, "data-act": "press", "data-key": line.key },
    h("span", { class: "number" }, row.route_name),
    row.here ? h("span", { class: "here" }, t("row.here")) : h("span", { class: "eta" }, eta(seconds, t)),
    h("span", { class: "towards-line" }, t("chip.headsign", { headsign: row.headsign })),
    h("span", { class: "facts" }, rung ? rungWords(rung, t) : facts(line, why, state, t)),
  );
}

/**
 * @param {import("/static/rider/kiosk/state.js").Press} press
 * @param {Translate} t
 */
function rungWords({ message }, t) {
  return [icon("bell"), h("span", {}, t(message === null ? "kiosk.rung.sending" : `kiosk.rung.${message.state}`))];
}

/**
 * @param {Line} line
 * @param {string | null} why
 * @param {State} state
 * @param {Translate} t
 */
function facts({ row }, why, state, t) {
  if (row.here) return t("row.board_now");
  if (why !== null) return t(why);
  const away = row.stale ? staleWords(row, state, t) : t(row.stops_away === 1 ? "row.away.next" : "row.away", { n: row.stops_away });
  const known = [away, row.stale || row.unsure ? t("row.unsure") : "", row.low_floor ? t("chip.low_floor") : "", row.last_bus ? t("chip.last") : ""];
  return known.filter((one) => one !== "").join(" · ");
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function keys(state, t) {
  const on = state.needs.includes("wheelchair");
  return [
    h("button", { key: "wheelchair", type: "button", class: "key", "data-act": "wheelchair", "aria-pressed": String(on) }, icon("wheelchair"), t("need.wheelchair")),
    screens(state) > 1
      ? h("button", { key: "more", type: "button", class: "key", "data-act": "more" }, t("kiosk.more", { n: state.screen + 1, of: screens(state) }))
      : null,
    h("button", { key: "language", type: "button", class: "key", "data-act": "language", lang: state.lang === "ko" ? "en" : "ko" }, t("kiosk.language")),
  ];
}

/**
 * The sentence that answers the last press.
 *
 * @param {State} state
 * @param {Translate} t
 */
export function answer({ answer: said, enrolled }, t) {
  if (said === null) return enrolled ? t("kiosk.rest") : "";
  return typeof said === "string" ? said : say(said, t);
}

/**
 * What is said of a choice when the key "next" comes to it: number, minutes, where to, and what a press does.
 *
 * @param {Line} line
 * @param {State} state
 * @param {Translate} t
 * @returns {string}
 */
export function choiceWords({ row }, state, t) {
  const minutes = minutesUntil(secondsUntilRow(row, state));
  const values = { route: row.route_name, headsign: row.headsign, minutes: minutes ?? 0 };
  if (row.here) return t("kiosk.here", values);
  return t(minutes === null ? "kiosk.choice.soon" : "kiosk.choice", values);
}
