/** What the driver's screen looks like: state in, nodes out. While the wheels turn there is no button among them. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { clockTime } from "/static/shared/time.js";
import { bellOff, maySignOn, mayTouch, mayType, metresTo, nextStopName, screen } from "/static/driver/screen.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/shared/wire.d.ts").AlertMessage} AlertMessage
 */

/** The bar is full at this distance and empties towards the stop. */
const BAR_M = 400;
/** Longer names are set smaller, so that two lines always fit. */
const LONG_NAME = 12;
/** Below this no digits tick: the bar says it. */
const NO_DIGITS_M = 100;

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  return [
    bellOff(state) ? h("div", { key: "off", class: "bell-off", role: "alert" }, t("drive.bell_off")) : null,
    top(state, t),
    door(state, t) ?? middle(state, t),
    state.note === null ? null : h("p", { key: "note", class: "note" }, state.note.text),
  ];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function top(state, t) {
  const { trip } = state;
  return h(
    "header",
    { key: "top", class: "top" },
    h("h1", { class: "line" }, trip === null ? t("drive.name") : trip.route_name),
    h("span", { class: "headsign" }, trip?.headsign ? t("drive.headsign", { headsign: trip.headsign }) : ""),
    h("span", { class: "clock" }, clockTime(state.nowMs)),
    h("span", { class: "marks" }, marks(state, t)),
  );
}

/**
 * Small while all is well; each grows into words only when wrong.
 *
 * @param {State} state
 * @param {Translate} t
 */
function marks(state, t) {
  const gpsWrong = state.gps === "denied" || state.gps === "lost";
  return [
    mark("link", !state.link.live, t(state.link.live ? "drive.link.good" : "drive.link.lost"), "link"),
    state.gps === "off" ? null : mark("gps", gpsWrong, t(`drive.gps.${state.gps}`), "gps"),
    state.silent ? mark("sound", true, t("drive.sound.off"), "sound") : null,
  ];
}

/**
 * @param {string} name
 * @param {boolean} wrong
 * @param {string} words
 * @param {string} key
 */
function mark(name, wrong, words, key) {
  return h(
    "span",
    { key, class: wrong ? "mark mark-wrong" : "mark" },
    icon(name),
    h("span", { class: wrong ? "" : "spoken" }, words),
  );
}

/**
 * What stands between the driver and service: a token, another screen, a trip to choose.
 *
 * @param {State} state
 * @param {Translate} t
 */
function door(state, t) {
  if (state.door === "superseded") return superseded(state, t);
  if (state.door !== "open") return tokenForm(state, t);
  if (maySignOn(state)) return signOnForm(state, t);
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
 * @param {State} state
 * @param {Translate} t
 */
function signOnForm(state, t) {
  const start = t(state.signingOn ? "sign_on.waiting" : "sign_on.start");
  return h(
    "main",
    { key: "door", class: "door" },
    h("h2", {}, t("sign_on.title")),
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

/**
 * @param {State} state
 * @param {Translate} t
 */
function middle(state, t) {
  const { main, after } = screen(state);
  if (main === null) return state.ended === null ? rest(state, t) : ended(state.ended, t);
  return h(
    "main",
    { key: "alert", class: main.stage === "now" ? "alert alert-now" : "alert" },
    h(
      "div",
      { class: "band" },
      h("p", { class: "next" }, t(main.stage === "now" ? "drive.now" : "drive.next")),
      h("h2", { class: main.stop_name.length > LONG_NAME ? "stop stop-long" : "stop" }, main.stop_name),
      h("ul", { class: "wants" }, wants(main, t)),
    ),
    h("aside", { class: "side", "aria-label": t("drive.distance") }, distance(main, state, t), chip(after, t)),
    mayTouch(state) ? buttons(main, state, t) : null,
  );
}

/**
 * Boarding, alighting and needs: each its own shape, word and colour.
 *
 * @param {AlertMessage} alert
 * @param {Translate} t
 */
function wants(alert, t) {
  return [
    alert.boarding > 0 ? want("boarding", "person", t("drive.boarding"), alert.boarding) : null,
    alert.alighting > 0 ? want("alighting", "stop", t("drive.alighting"), alert.alighting) : null,
    ...alert.needs.map((need) => want("need", need, t(`need.${need}`), null)),
  ];
}

/**
 * @param {string} kind
 * @param {string} pictogram
 * @param {string} words
 * @param {number | null} count
 */
function want(kind, pictogram, words, count) {
  return h(
    "li",
    { key: `${kind} ${pictogram}`, class: `want want-${kind}` },
    h("span", { class: "shape" }, icon(pictogram)),
    count === null ? null : h("b", {}, count),
    h("span", { class: "want-word" }, words),
  );
}

/**
 * @param {AlertMessage} alert
 * @param {State} state
 * @param {Translate} t
 */
function distance(alert, state, t) {
  const metres = metresTo(alert, state);
  const words = metres < NO_DIGITS_M ? t("drive.close") : t("drive.metres", { n: Math.round(metres / 10) * 10 });
  return h(
    "div",
    { class: "far" },
    icon("arrow"),
    h("span", { class: "far-word" }, words),
    h("span", { class: "bar", "--left": Math.min(1, metres / BAR_M).toFixed(3) }),
  );
}

/**
 * @param {AlertMessage | null} after
 * @param {Translate} t
 */
function chip(after, t) {
  if (after === null) return null;
  return h("p", { class: "after" }, h("span", {}, after.stop_name), h("b", {}, t("drive.after", { n: after.boarding + after.alighting })));
}

/**
 * @param {AlertMessage} alert
 * @param {State} state
 * @param {Translate} t
 */
function buttons(alert, state, t) {
  const given = state.answered[alert.alert_id];
  return h(
    "div",
    { class: "answers" },
    /** @type {const} */ (["full", "cannot_stop"]).map((answer) =>
      h(
        "button",
        { key: answer, type: "button", class: "answer", "data-act": "answer", "data-answer": answer, disabled: given !== undefined },
        t(given === answer ? "drive.told" : `drive.${answer}`),
      ),
    ),
  );
}

/**
 * @param {NonNullable<State["ended"]>} done
 * @param {Translate} t
 */
function ended(done, t) {
  return h(
    "main",
    { key: "ended", class: `ended ended-${done.outcome}` },
    icon(done.outcome === "served" ? "tick" : "arrow"),
    h("p", {}, h("span", {}, done.stopName), h("b", {}, t(`drive.${done.outcome}`))),
  );
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function rest(state, t) {
  const name = nextStopName(state);
  return h(
    "main",
    { key: "rest", class: "rest" },
    name === null ? null : h("p", { class: "next" }, t("drive.next")),
    h("p", { class: "rest-stop" }, name ?? (state.trip?.headsign ? t("drive.headsign", { headsign: state.trip.headsign }) : "")),
    state.trip !== null && state.trip.trip_id === "" ? h("p", { class: "rest-word" }, t("drive.finding_trip")) : null,
    mayTouch(state) && state.trip !== null
      ? h("button", { type: "button", class: "quiet-button sign-off", "data-act": "sign off", disabled: state.signingOff }, t("drive.sign_off"))
      : null,
  );
}
