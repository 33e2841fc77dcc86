/** The quiet control for text size and theme. Look in, nodes out; buttons act `look` with `data-text` or `data-theme`. */

import { h } from "/static/shared/dom.js";
import { TEXT_SIZES, THEMES } from "/static/shared/look.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/look.js").Look} Look
 */

/**
 * The inside of a `details` element.
 *
 * @param {Look} look
 * @param {Translate} t
 */
export function lookChoices(look, t) {
  return [
    h("summary", {}, h("span", {}, t("look.title")), h("span", { class: "wish" }, t(`look.text.${look.text}`))),
    h(
      "div",
      { class: "wish-body" },
      choice("look.text", look.text, TEXT_SIZES, (text) => ({ "data-text": text }), t),
      choice("look.theme", look.theme, THEMES, (theme) => ({ "data-theme": theme }), t),
    ),
  ];
}

/**
 * What a press of one of the buttons makes of a look.
 *
 * @param {Look} look
 * @param {DOMStringMap} data of the pressed button
 * @returns {Look}
 */
export function lookAfter(look, data) {
  return {
    text: TEXT_SIZES.find((size) => size === data["text"]) ?? look.text,
    theme: THEMES.find((theme) => theme === data["theme"]) ?? look.theme,
  };
}

/**
 * @template {string} T
 * @param {string} name
 * @param {T} chosen
 * @param {readonly T[]} all
 * @param {(one: T) => Record<string, string>} data
 * @param {Translate} t
 */
function choice(name, chosen, all, data, t) {
  return h(
    "div",
    { class: "choice", role: "group", "aria-label": t(name) },
    h("span", {}, t(name)),
    all.map((one) =>
      h(
        "button",
        { key: one, type: "button", class: `choose choose-${one}`, "data-act": "look", ...data(one), "aria-pressed": String(one === chosen) },
        t(`${name}.${one}`),
      ),
    ),
  );
}
