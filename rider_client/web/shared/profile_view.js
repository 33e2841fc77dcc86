/** The disclosure in which a rider says how many they are and what they need, and its short form. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { NEEDS, PARTY_MAX } from "/static/shared/profile.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/profile.js").Profile} Profile
 */

/**
 * "휠체어 · 2명", or null for one person without needs.
 *
 * @param {Profile} profile
 * @param {Translate} t
 */
export function wish({ needs, party }, t) {
  const words = [...needs.map((need) => t(`need.${need}`)), ...(party > 1 ? [t("party", { n: party })] : [])];
  return words.length === 0 ? null : h("span", { class: "wish" }, words.join(" · "));
}

/**
 * The inside of a `details` element. Its buttons act `fewer`, `more`, and `need` with `data-need`.
 *
 * @param {Profile} profile
 * @param {Translate} t
 */
export function wishes({ needs, party }, t) {
  return [
    h("summary", {}, h("span", {}, t("wish.title")), h("span", { class: "wish" }, wish({ needs, party }, t) ?? t("wish.none"))),
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
