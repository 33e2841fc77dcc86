/** What the inspector sees: the bus, how a code comes in, and the answer, large. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/inspect/state.js").State} State
 * @typedef {import("/static/rider/inspect/state.js").Result} Result
 */

/**
 * @param {State} state
 * @param {string} lang
 * @param {Translate} t
 */
export function page(state, lang, t) {
  if (state.door !== "open") return door(state, t);
  return [state.result === null ? [bus(state, t), entry(state, t)] : answer(state.result, lang, t)];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function door({ door: how, company }, t) {
  return [
    h(
      "form",
      { key: "door", class: "inspect-form", "data-form": "token" },
      h("h2", {}, t("inspect.sign_in")),
      how === "wrong" ? h("p", { class: "wrong", role: "alert" }, t("token.wrong")) : null,
      company ? h("a", { class: "chief", href: "/v1/login/start" }, t("inspect.company")) : null,
      h("label", { for: "token" }, t("inspect.door")),
      h("input", { id: "token", name: "token", type: "password", autocomplete: "off", required: true }),
      h("button", { type: "submit", class: "chief" }, t("token.send")),
    ),
  ];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function bus(state, t) {
  return h(
    "div",
    { key: "bus", class: "inspect-form" },
    h("label", { for: "bus" }, t("inspect.bus")),
    h("input", { id: "bus", name: "bus", autocomplete: "off", maxlength: 64, "aria-describedby": "bus-hint", value: state.bus }),
    h("p", { id: "bus-hint", class: "aside" }, t("inspect.bus_hint")),
  );
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function entry({ camera, asking, failure }, t) {
  const on = camera === "on";
  return h(
    "form",
    { key: "entry", class: "inspect-form", "data-form": "code" },
    failure === null ? null : h("p", { class: "problem", role: "alert" }, t(`failed.${failure}`)),
    camera === "none" || camera === "denied" ? h("p", { class: "aside" }, t(camera === "none" ? "inspect.no_camera" : "inspect.denied")) : h("button", { type: "button", class: "camera-button", "data-act": "camera", "data-on": String(!on), "aria-pressed": String(on) }, icon(on ? "cross" : "blind"), t(on ? "inspect.camera_off" : "inspect.camera")),
    h("label", { for: "code" }, t("inspect.code")),
    h("input", { id: "code", name: "code", class: "code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 512, required: true, "aria-describedby": "code-hint" }),
    h("p", { id: "code-hint", class: "aside" }, t("inspect.code_hint")),
    h("button", { type: "submit", class: "chief", "aria-busy": asking ? "true" : null }, t(asking ? "inspect.checking" : "inspect.check")),
    h("p", { class: "aside" }, t("result.privacy")),
  );
}

/**
 * @param {Result} result
 * @param {string} lang
 * @param {Translate} t
 */
function answer(result, lang, t) {
  const stop = result.board_stop_names?.[lang] ?? result.board_stop_name;
  const known = result.plate !== null;
  return h(
    "section",
    { key: "answer", class: `verdict verdict-${result.verdict}`, "aria-labelledby": "verdict" },
    h("h2", { id: "verdict", tabindex: -1 }, icon(result.verdict === "valid" ? "tick" : "cross"), t(`verdict.${result.verdict}`)),
    h("p", { class: "advice" }, t(`advice.${result.verdict}`)),
    result.seen_ms === null ? null : h("p", { class: "problem seen" }, t("result.seen", { time: clock(result.seen_ms) })),
    known
      ? h(
          "dl",
          {},
          line(t("result.bus"), h("span", {}, h("b", { class: "route" }, result.route_name), " ", h("span", { class: "plate" }, result.plate))),
          line(t("result.board"), `${clock(result.boarded_ms ?? 0)} ${stop ?? ""}`),
          line(t("result.party"), t("result.people", { n: result.party ?? 1 })),
          line(t("result.state"), result.state === null ? "" : t(`result.state.${result.state}`)),
          result.by_card ? line("", t("result.card")) : null,
        )
      : null,
    h("button", { type: "button", class: "chief", "data-act": "next" }, t("inspect.again")),
  );
}

/**
 * @param {string} name
 * @param {import("/static/shared/dom.js").Loose} value
 */
function line(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

/**
 * Seconds count here: `14:05:09`.
 *
 * @param {number} atMs
 */
function clock(atMs) {
  return new Date(atMs).toLocaleTimeString("en-GB");
}
