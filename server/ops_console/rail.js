/** The rail at the left: sections, link, language and brightness. State in, nodes out. Pure. */

import { h } from "/static/shared/dom.js";
import { ageWords } from "/static/shared/time.js";
import { SECTIONS, hashOf } from "/static/ops/sections.js";

export const THEMES = /** @type {const} */ (["auto", "light", "dark"]);

/**
 * @typedef {"connecting" | "live" | "lost" | "superseded"} LinkState
 * @typedef {{
 *   section: string,
 *   link: {state: LinkState, heardMs: number},
 *   theme: typeof THEMES[number],
 *   nowMs: number,
 * }} RailState
 */

const THEME_ICONS = {
  auto: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm0 2.2v13.6a6.8 6.8 0 0 0 0-13.6Z",
  light: "M12 7.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM11 2h2v3.5h-2V2Zm0 16.5h2V22h-2v-3.5ZM2 11h3.5v2H2v-2Zm16.5 0H22v2h-3.5v-2ZM4.2 5.6l1.4-1.4 2.5 2.5-1.4 1.4-2.5-2.5Zm11.7 11.7 1.4-1.4 2.5 2.5-1.4 1.4-2.5-2.5Zm0-10.6 2.5-2.5 1.4 1.4-2.5 2.5-1.4-1.4ZM4.2 18.4l2.5-2.5 1.4 1.4-2.5 2.5-1.4-1.4Z",
  dark: "M20 14.2A8.5 8.5 0 0 1 9.8 4 8.5 8.5 0 1 0 20 14.2Z",
};

/**
 * @param {RailState} state
 * @param {import("/static/shared/words.js").Translate} t
 */
export function rail(state, t) {
  const here = SECTIONS.find((one) => one.id === state.section);
  const chosen = here?.under ?? here?.id;
  return [
    h("a", { key: "skip", class: "skip", href: "#section", "data-act": "skip" }, t("ops.skip")),
    h(
      "ul",
      { key: "sections", class: "rail-sections" },
      SECTIONS.filter((one) => one.under === undefined).map((one) =>
        h(
          "li",
          { key: one.id },
          h(
            "a",
            { href: hashOf([one.id]), class: "rail-item", "aria-current": one.id === chosen ? "page" : null },
            picture(one.icon),
            h("span", {}, t(`ops.section.${one.id}`)),
          ),
        ),
      ),
    ),
    h(
      "div",
      { key: "foot", class: "rail-foot" },
      h("p", { class: `rail-link rail-link-${state.link.state}`, role: "status" }, linkWords(state, t)),
      h(
        "button",
        { type: "button", class: "rail-button", "data-act": "theme", "aria-label": t(`ops.theme.${state.theme}`), title: t(`ops.theme.${state.theme}`) },
        picture(THEME_ICONS[state.theme]),
      ),
      h("button", { type: "button", class: "rail-button rail-language", "data-act": "language" }, t("ops.language")),
    ),
  ];
}

/**
 * @param {RailState} state
 * @param {import("/static/shared/words.js").Translate} t
 */
function linkWords({ link, nowMs }, t) {
  switch (link.state) {
    case "live":
      return t("ops.live");
    case "connecting":
      return t("ops.connecting");
    case "superseded":
      return t("ops.superseded");
    case "lost": {
      const age = ageWords((nowMs - link.heardMs) / 1000);
      return [h("b", {}, t("ops.lost.short")), h("span", { "aria-hidden": "true" }, t(age.key, age.values))];
    }
  }
}

/** @param {string} d */
function picture(d) {
  return h("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d, "fill-rule": "evenodd" }));
}
