/** The way ahead as a strip: the stops in a line, the bus sliding along it. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { minutesUntil } from "/static/shared/time.js";
import { inLang } from "/static/rider/ride/finder.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/ride/strip.js").Ahead} Ahead
 * @typedef {import("/static/rider/ride/strip.js").Strip} Strip
 */

/**
 * For the rider: each coming stop is a button, to be let off there.
 *
 * @param {Strip} strip
 * @param {number | null} chosen
 * @param {string} lang
 * @param {Translate} t
 */
export function chooser(strip, chosen, lang, t) {
  const stops = strip.ahead.map((one) => choice(one, chosen, strip, lang, t));
  return [h("h3", { class: "strip-title", id: "strip-title" }, t("alight.choose")), frame(strip, lang, "strip-title", stops)];
}

/**
 * For a companion: the same, to be read only, as far as where the rider gets off.
 *
 * @param {Strip} strip
 * @param {number | null} chosen
 * @param {number} shown so many stops where none is chosen
 * @param {string} lang
 * @param {Translate} t
 */
export function preview(strip, chosen, shown, lang, t) {
  const goal = strip.ahead.find(({ stop }) => stop.stop_sequence === chosen);
  const stops = strip.ahead.filter(({ away }) => away <= (goal?.away ?? shown)).map((one) => line(one, chosen, strip, [], lang, t));
  return frame(strip, lang, "with-title", stops);
}

/**
 * @param {Strip} strip
 * @param {string} lang
 * @param {string} labelledBy
 * @param {unknown[]} stops
 */
function frame({ before, share }, lang, labelledBy, stops) {
  return h(
    "ol",
    { class: "strip", "aria-labelledby": labelledBy, "--share": String(Math.round(share * 1000) / 1000) },
    before === null ? null : h("li", { key: `before ${before.stop_sequence}`, class: "strip-before", "aria-hidden": "true" }, h("span", { class: "strip-name" }, inLang(before.name, before.names, lang))),
    stops,
    h("li", { key: "bus", class: before === null ? "strip-bus strip-bus-first" : "strip-bus", "aria-hidden": "true" }, icon("arrow")),
  );
}

/**
 * @param {Ahead} one
 * @param {number | null} chosen
 * @param {Strip} strip
 * @param {string} lang
 * @param {Translate} t
 */
function choice(one, chosen, strip, lang, t) {
  const { stop, away } = one;
  if (!stop.alighting) return line(one, chosen, strip, [h("span", { class: "strip-no" }, t("alight.not_here"))], lang, t);
  if (strip.here && away === 1) return line(one, chosen, strip, [], lang, t);
  const is = stop.stop_sequence === chosen;
  return h(
    "li",
    { key: stop.stop_sequence, class: kind(one, chosen, strip) },
    h(
      "button",
      { type: "button", class: "strip-line", "data-act": "off", "data-sequence": stop.stop_sequence, "aria-pressed": String(is) },
      nameAndTime(one, strip, lang, t),
      is ? h("span", { class: "strip-off" }, icon("stop"), t("alight.here")) : null,
    ),
  );
}

/**
 * @param {Ahead} one
 * @param {number | null} chosen
 * @param {Strip} strip
 * @param {unknown[]} more
 * @param {string} lang
 * @param {Translate} t
 */
function line(one, chosen, strip, more, lang, t) {
  return h("li", { key: one.stop.stop_sequence, class: `${kind(one, chosen, strip)} strip-closed` }, h("span", { class: "strip-line" }, nameAndTime(one, strip, lang, t), more));
}

/**
 * @param {Ahead} one
 * @param {number | null} chosen
 * @param {Strip} strip
 */
function kind({ stop, away }, chosen, strip) {
  return ["strip-stop", stop.stop_sequence === chosen ? "strip-chosen" : "", strip.here && away === 1 ? "strip-here" : ""].filter((one) => one !== "").join(" ");
}

/**
 * @param {Ahead} one
 * @param {Strip} strip
 * @param {string} lang
 * @param {Translate} t
 */
function nameAndTime({ stop, inS, away }, strip, lang, t) {
  const minutes = minutesUntil(inS);
  const when = strip.here && away === 1 ? t("row.here") : minutes === null ? t("eta.soon") : t("alight.minutes", { n: minutes });
  return [h("span", { class: "strip-name" }, inLang(stop.name, stop.names, lang)), h("span", { class: "strip-when" }, when)];
}
