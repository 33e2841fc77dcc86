/** What the rings of the map of stops mean. Pure. */

import { h } from "/static/shared/dom.js";

/** @param {import("/static/shared/words.js").Translate} t */
export function legendOfPassed(t) {
  return h(
    "ul",
    { class: "legend" },
    h("li", { key: "none" }, h("svg", { class: "swatch", viewBox: "0 0 12 12", "aria-hidden": "true" }, h("circle", { class: "ring-none", cx: 6, cy: 6, r: 5 })), t("outcomes.map.none")),
    h(
      "li",
      { key: "some" },
      h("svg", { class: "swatch", viewBox: "0 0 12 12", "aria-hidden": "true" }, h("circle", { class: "ring-some", cx: 6, cy: 6, r: 5 }), h("path", { class: "part-passed", d: "M6 6V1a5 5 0 0 1 5 5Z" })),
      t("outcomes.map.some"),
    ),
    h("li", { key: "size" }, t("outcomes.map.size")),
  );
}
