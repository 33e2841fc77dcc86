/** What the driver's screen looks like: state in, nodes out. While the wheels turn there is no button among them. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { clockTime } from "/static/shared/time.js";
import { lostItsWay, question } from "/static/driver/asking.js";
import { ask, gate, signOnForm } from "/static/driver/door.js";
import { bellOff, mayTouch, metresTo, nextStopName, screen } from "/static/driver/screen.js";
import { TESTED } from "/static/driver/selftest.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/shared/wire.d.ts").AlertMessage} AlertMessage
 */

/** The bar is full at this distance and empties towards the stop. */
const BAR_M = 400;
/** Longer names in Hangul, whose letters fill their height, are set smaller; never below 12 mm on a 10-inch screen. */
const LONG_NAME = 14;
const HANGUL = /\p{Script=Hangul}/u;
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
    gate(state, t) ?? middle(state, t),
    testStrip(state, t),
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
 * @param {State} state
 * @param {Translate} t
 */
function middle(state, t) {
  const { main, after } = screen(state);
  if (main === null) {
    if (state.choosing) return signOnForm(state, t);
    if (question(state) !== null) return ask(state, t);
    return state.ended === null ? rest(state, t) : ended(state.ended, t);
  }
  return h(
    "main",
    { key: "alert", class: main.stage === "now" ? "alert alert-now" : "alert" },
    h(
      "div",
      { class: "band" },
      h("p", { class: "next" }, t(main.stage === "now" ? "drive.now" : "drive.next")),
      h("h2", { class: nameClass(main.stop_name) }, main.stop_name),
      h("ul", { class: "wants" }, wants(main, t)),
    ),
    h("aside", { class: "side", "aria-label": t("drive.distance") }, distance(main, state, t), given(main, state, t), chip(after, t), endedBeside(state.ended, t)),
    mayTouch(state) && state.link.live ? buttons(main, state, t) : null,
  );
}

/** @param {string} name */
function nameClass(name) {
  return HANGUL.test(name) && name.length > LONG_NAME ? "stop stop-long" : "stop";
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
  const told = given === "full" || given === "cannot_stop";
  return h(
    "div",
    { class: "answers" },
    /** @type {const} */ (["full", "cannot_stop"]).map((answer) =>
      h(
        "button",
        { key: answer, type: "button", class: "answer", "data-act": "answer", "data-answer": answer, disabled: told },
        t(given === answer ? "drive.told" : `drive.${answer}`),
      ),
    ),
  );
}

/**
 * What was answered by a key, also while there are no buttons.
 *
 * @param {AlertMessage} alert
 * @param {State} state
 * @param {Translate} t
 */
function given(alert, state, t) {
  const answer = state.answered[alert.alert_id];
  if (answer === undefined) return null;
  return h("p", { class: "given" }, icon("tick"), t(answer === "ok" ? "drive.ok" : `drive.told.${answer}`));
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
 * The outcome of the stop before, where the next one has the screen already.
 *
 * @param {State["ended"]} done
 * @param {Translate} t
 */
function endedBeside(done, t) {
  return done === null ? null : h("p", { class: "given" }, icon(done.outcome === "served" ? "tick" : "arrow"), `${done.stopName} · ${t(`drive.${done.outcome}`)}`);
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
    state.trip?.inferred === true ? h("p", { class: "rest-word" }, t("drive.inferred")) : null,
    lostItsWay(state) ? h("p", { class: "wrong", role: "alert" }, t("drive.mismatch.unknown")) : null,
    mayTouch(state) && state.trip !== null
      ? h("button", { type: "button", class: "quiet-button sign-off", "data-act": "sign off", disabled: state.signingOff }, t("drive.sign_off"))
      : null,
  );
}

/**
 * The self-test at sign-on: the sign of each chime lights up while it sounds, then the verdicts. An alert takes its place.
 *
 * @param {State} state
 * @param {Translate} t
 */
function testStrip(state, t) {
  const { selfTest } = state;
  if (selfTest === null || screen(state).main !== null) return null;
  const { running } = selfTest;
  const signs = { boarding: "person", alighting: "stop", need: "wheelchair" };
  const words = { boarding: "drive.boarding", alighting: "drive.alighting", need: "test.need" };
  return h(
    "section",
    { key: "test", class: "test", "aria-label": t("test.title") },
    running !== null
      ? TESTED.map((chime) => h("span", { key: chime, class: chime === running ? `want want-${chime} lit` : `want want-${chime}` }, h("span", { class: "shape" }, icon(signs[chime])), t(words[chime])))
      : [verdict("sound", selfTest.sound, t), verdict("screen", selfTest.screen, t), verdict("awake", state.awake, t)],
  );
}

/**
 * @param {string} part
 * @param {boolean} good
 * @param {Translate} t
 */
function verdict(part, good, t) {
  return h("span", { key: part, class: good ? "verdict" : "verdict wrong" }, icon(good ? "tick" : "cross"), t(`test.${part}.${good ? "good" : "bad"}`));
}
