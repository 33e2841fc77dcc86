/** What the screen asks before a bus is in service: a token, another screen, which run this is. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { clockTime } from "/static/shared/time.js";
import { question } from "/static/driver/asking.js";
import { maySignOn, mayTouch, mayType } from "/static/driver/screen.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/shared/wire.d.ts").SuggestedRun} SuggestedRun
 */

/**
 * What stands between the driver and service: a token, another screen, a trip to choose.
 *
 * @param {State} state
 * @param {Translate} t
 */
export function gate(state, t) {
  if (state.door === "superseded") return superseded(state, t);
  if (state.door !== "open") return tokenForm(state, t);
  if (maySignOn(state)) return question(state) === null ? signOnForm(state, t) : ask(state, t);
  if (state.tripKnown && state.trip === null) return h("main", { key: "door", class: "rest" }, h("p", { class: "rest-word" }, t("drive.no_trip")));
  return null;
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function superseded(state, t) {
  return h(
    "main",
    { key: "door", class: "door" },
    h("h2", {}, t("drive.superseded")),
    mayType(state) ? h("button", { type: "button", class: "big", "data-act": "take over" }, t("drive.take_over")) : null,
  );
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function tokenForm(state, t) {
  if (!mayType(state)) return h("main", { key: "door", class: "rest" });
  return h(
    "main",
    { key: "door", class: "door" },
    h("h2", {}, t("token.drive")),
    state.door === "forbidden" ? h("p", { class: "wrong", role: "alert" }, t("token.wrong")) : null,
    h(
      "form",
      { "data-form": "token" },
      h("label", { for: "token" }, t("token.label")),
      h("input", { id: "token", name: "token", type: "password", autocomplete: "off", required: true }),
      h("button", { type: "submit", class: "big" }, t("token.send")),
    ),
  );
}

/**
 * The run that is seen, and two large answers.
 *
 * @param {State} state
 * @param {Translate} t
 */
export function ask(state, t) {
  const run = question(state);
  if (run === null) return null;
  const mismatch = state.trip !== null && state.proposal?.mismatch === true;
  return h(
    "main",
    { key: "ask", class: "door" },
    mismatch ? h("p", { class: "wrong mismatch", role: "alert" }, t("drive.mismatch")) : null,
    h("h2", { class: "question" }, runWords("ask", run, t)),
    h(
      "div",
      { class: "choices" },
      h("button", { type: "button", class: "answer answer-yes", "data-act": "yes" }, t("sign_on.yes")),
      h("button", { type: "button", class: "answer", "data-act": "other" }, t("sign_on.other")),
    ),
  );
}

/**
 * `…headway` where the timetable gives no time of departure.
 *
 * @param {"ask" | "run"} key
 * @param {SuggestedRun} run
 * @param {Translate} t
 */
function runWords(key, run, t) {
  const values = { route: run.route_name, headsign: run.headsign };
  return run.departs_ms === null ? t(`sign_on.${key}.headway`, values) : t(`sign_on.${key}`, { ...values, clock: clockTime(run.departs_ms) });
}

/**
 * @param {State} state
 * @param {Translate} t
 */
export function signOnForm(state, t) {
  const start = t(state.signingOn ? "sign_on.waiting" : "sign_on.start");
  return h(
    "main",
    { key: "door", class: "door" },
    h("h2", {}, t("sign_on.title")),
    otherRuns(state, t),
    h(
      "form",
      { key: "route", class: "run", "data-form": "route" },
      h("label", {}, t("sign_on.route"), routeChoice(state, t)),
      h("label", {}, t("sign_on.direction"), directionChoice(state, t)),
      h("button", { type: "submit", class: "big", disabled: state.signingOn }, start),
    ),
    h(
      "form",
      { key: "trip", class: "run run-trip", "data-form": "trip" },
      h("label", {}, t("sign_on.trip"), h("input", { name: "trip", autocomplete: "off", autocapitalize: "off", spellcheck: "false", required: true })),
      h("button", { type: "submit", class: "quiet-button", disabled: state.signingOn }, start),
    ),
    h(
      "p",
      { key: "more", class: "more" },
      h("button", { type: "button", class: "quiet-button", "data-act": "test", disabled: state.selfTest?.running != null }, t("test.start")),
      state.choosing && state.trip !== null ? h("button", { type: "button", class: "quiet-button", "data-act": "keep" }, t("sign_on.keep")) : null,
    ),
  );
}

/**
 * The runs that are as likely as the one the driver said no to.
 *
 * @param {State} state
 * @param {Translate} t
 */
function otherRuns(state, t) {
  const others = (state.proposal?.runs ?? []).filter((run) => run.trip_id !== state.waved);
  if (others.length === 0 || !mayTouch(state)) return null;
  return h(
    "p",
    { key: "others", class: "others" },
    others.map((run) =>
      h(
        "button",
        { key: run.trip_id, type: "button", class: "quiet-button", "data-act": "run", "data-trip": run.trip_id, "data-date": run.start_date, disabled: state.signingOn },
        runWords("run", run, t),
      ),
    ),
  );
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function routeChoice(state, t) {
  return h(
    "select",
    { name: "route", required: true },
    h("option", { value: "" }, t("sign_on.choose")),
    (state.routes ?? []).map((route) => h("option", { key: route.route_id, value: route.route_id }, route.name)),
  );
}

/**
 * Each direction once, by the headsign most of its patterns carry first.
 *
 * @param {State} state
 * @param {Translate} t
 */
function directionChoice(state, t) {
  const known = state.detail?.route_id === state.chosenRoute ? (state.detail?.patterns ?? []) : [];
  const directions = new Map(known.toReversed().map((pattern) => [pattern.direction_id, pattern.headsign]));
  const options = [...directions].sort(([a], [b]) => (a ?? 0) - (b ?? 0));
  return h(
    "select",
    { name: "direction", required: true, disabled: options.length === 0 },
    options.map(([id, headsign]) =>
      h("option", { key: `${state.chosenRoute} ${id}`, value: id === null ? "any" : id }, t("drive.headsign", { headsign })),
    ),
  );
}
