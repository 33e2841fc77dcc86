/** The code for an inspector, large, with the time that is left to it. State in, nodes out. */

import { h } from "/static/shared/dom.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/ride/pass.js").Pass} Pass
 */

/**
 * @param {string} rideId
 * @param {Pass | null} pass
 * @param {number} nowMs
 * @param {Translate} t
 */
export function inspection(rideId, pass, nowMs, t) {
  if (pass?.rideId !== rideId) return h("button", { key: "pass", type: "button", class: "plain pass-open", "data-act": "show code", "data-ride": rideId }, t("pass.show"));
  return h(
    "section",
    { key: "pass", class: "pass", "aria-labelledby": "pass-title" },
    h("h3", { id: "pass-title" }, t("pass.title")),
    code(pass, nowMs, t),
    h("p", { class: "aside" }, t("pass.privacy")),
    h("button", { type: "button", class: "plain", "data-act": "hide code" }, t("pass.hide")),
  );
}

/**
 * @param {Pass} pass
 * @param {number} nowMs
 * @param {Translate} t
 */
function code({ code: shown, untilMs, how }, nowMs, t) {
  if (how === "gone") return h("p", { key: "gone", class: "empty" }, t("pass.gone"));
  if (shown === null) return h("p", { key: "none", class: "empty", role: "status" }, t(how === "offline" ? "pass.none_offline" : "pass.asking"));
  const leftS = Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
  return [
    h(
      "svg",
      { key: "picture", class: "pass-picture", viewBox: `0 0 ${shown.size} ${shown.size}`, role: "img", "aria-label": t("pass.picture") },
      h("path", { d: shown.path }),
    ),
    h("p", { key: "typed", class: "pass-typed" }, `${shown.typed.slice(0, 4)}-${shown.typed.slice(4)}`),
    h("p", { key: "left", class: how === "offline" ? "pass-left stale" : "pass-left" }, t(how === "offline" ? "pass.left_offline" : "pass.left", { n: leftS })),
  ];
}
