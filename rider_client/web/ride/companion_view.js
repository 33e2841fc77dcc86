/** What somebody sees who was handed a companion link: a bus, its next stops, when it is where the rider gets off. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { ageWords, clockTime, minutesUntil } from "/static/shared/time.js";
import { say } from "/static/shared/words.js";
import { inLang } from "/static/rider/ride/finder.js";
import { stripOf } from "/static/rider/ride/strip.js";
import { preview } from "/static/rider/ride/strip_view.js";

/** So many stops are shown where none to get off at is chosen. */
const STOPS_SHOWN = 6;

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/ride/state.js").State} State
 * @typedef {import("/static/rider/ride/sheets.js").Companion} Companion
 * @typedef {import("/static/rider/ride/strip.js").Ahead} Ahead
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function companionSheet({ sheets, at, finder }, t) {
  const { how, view } = sheets.companion;
  if (view === null) return h("p", { class: "empty" }, t(`with.${how}`));
  return [how === "offline" ? h("p", { key: "old", class: "notice" }, t("with.old")) : null, companion(view, at.nowMs, finder.lang, t)];
}

/**
 * @param {Companion} view
 * @param {number} nowMs
 * @param {string} lang
 * @param {Translate} t
 */
function companion({ run, bus, alight_stop_sequence: alight, expires_ms: expiresMs }, nowMs, lang, t) {
  const agoS = Math.max(0, (nowMs - bus.at_ms) / 1000);
  const strip = stripOf(run, bus, agoS);
  const goal = strip?.ahead.find(({ stop }) => stop.stop_sequence === alight) ?? null;
  return h(
    "section",
    { key: "bus", class: "riding", "aria-labelledby": "with-title" },
    h("h2", { id: "with-title" }, h("span", { class: "route" }, run.route_name ?? ""), h("span", { class: "plate" }, run.plate)),
    h("p", { class: "towards" }, t("chip.headsign", { headsign: run.headsign })),
    goal === null ? null : h("p", { class: "with-goal" }, goalWords(goal, lang, t)),
    strip === null ? h("p", { class: "empty" }, t("aboard.lost")) : null,
    strip === null ? null : preview(strip, alight, STOPS_SHOWN, lang, t),
    h("p", { class: "aside" }, t("with.age", { age: say(ageWords(bus.age_s + agoS), t) }), " · ", t("with.until", { time: clockTime(expiresMs) })),
    h("p", { class: "aside" }, t("with.privacy")),
  );
}

/**
 * @param {Ahead} goal
 * @param {string} lang
 * @param {Translate} t
 */
function goalWords({ stop, inS }, lang, t) {
  const minutes = minutesUntil(inS);
  const name = inLang(stop.name, stop.names, lang);
  return minutes === null ? t("with.goal.soon", { stop: name }) : t("with.goal", { stop: name, n: minutes });
}
