/** The rider app: connects socket, state and view. The only module here that touches document, clock, storage and device. */

import { byId, onPress, patch } from "/static/shared/dom.js";
import { readFavourites, toggleFavourite } from "/static/shared/favourites.js";
import { newId } from "/static/shared/id.js";
import { keepLook, readLook } from "/static/shared/look.js";
import { lookAfter, lookChoices } from "/static/shared/look_view.js";
import { keepForOffline } from "/static/shared/offline.js";
import { changed, keepProfile, readProfile } from "/static/shared/profile.js";
import { wishes } from "/static/shared/profile_view.js";
import { Session } from "/static/shared/session.js";
import { chooseLang, loadWords, say } from "/static/shared/words.js";
import { keepWaiting, readWaiting } from "/static/rider/stop/memory.js";
import { notice } from "/static/rider/stop/view.js";
import { ask } from "/static/rider/ride/errands.js";
import { listed } from "/static/rider/ride/finder.js";
import { listenApp } from "/static/rider/ride/socket.js";
import { app, initialApp, placeOf } from "/static/rider/ride/state.js";
import { content, heading, myBells, tabs } from "/static/rider/ride/view.js";

const POSITION_WAIT_MS = 10_000;
const TICK_MS = 1_000;
/** A companion's view is read anew after this long. */
const COMPANION_MS = 5_000;
const VIBRATE_MS = 200;
/** Sentences that follow at once are spoken as the last one. */
const SPEAK_AFTER_MS = 250;
const TYPING_MS = 250;

const lang = chooseLang(new URLSearchParams(location.search).get("lang"), document.documentElement.lang, navigator.language);
document.documentElement.lang = lang;
const t = await loadWords(lang, "rider/ride");

let state = initialApp({
  lang,
  place: placeOf(location.hash),
  favourites: readFavourites(),
  waiting: readWaiting(Date.now()),
  wish: readProfile(),
  nowMs: Date.now(),
});

const session = new Session({ path: "/v1/ws/rider", ticket: { role: "rider" }, lang, capMs: 20_000, tell: listenApp((event) => dispatch(event)) });

/** @param {import("/static/rider/ride/state.js").Event} event */
function dispatch(event) {
  const next = app(state, event, Date.now());
  state = next.state;
  next.effects.forEach(perform);
  render();
}

/** @param {import("/static/rider/ride/state.js").Effect} effect */
function perform(effect) {
  switch (effect.type) {
    case "send":
      return void session.send(effect.message);
    case "speak":
      return speak(typeof effect.said === "string" ? effect.said : say(effect.said, t));
    case "keep waiting":
      return keepWaiting(effect.waiting);
    case "keep wish":
      return keepProfile(effect);
    case "vibrate":
      return vibrate(VIBRATE_MS);
    case "buzz":
      return vibrate(effect.pattern);
    case "locate":
      return locate(
        (position) => dispatch({ to: "stop", event: { type: "located", bellId: newId(), position } }),
        (why) => dispatch({ to: "stop", event: { type: "not located", why } }),
      );
    case "locate aboard":
      return locate(
        (position) => dispatch({ to: "aboard", event: { type: "located", position } }),
        (why) => dispatch({ to: "aboard", event: { type: "not located", why } }),
      );
    case "ask place":
      return locate(
        (here) => dispatch({ to: "finder", event: { type: "here", here } }),
        (why) => dispatch({ to: "finder", event: { type: "nowhere", why } }),
      );
    case "enter by code":
      history.replaceState(null, "", "#/aboard");
      return dispatch({ to: "aboard", event: { type: "check in", ref: newId(), vehicleId: null, nonce: effect.nonce } });
    case "hand on":
      return void handOn(effect.link.token);
    default:
      return void ask(effect, lang, dispatch);
  }
}

/**
 * Always measured anew: who was told "too far" walks on and taps again.
 *
 * @param {(position: {lat: number, lon: number, accuracy_m: number}) => void} found
 * @param {(why: "denied" | "unavailable") => void} failed
 */
function locate(found, failed) {
  if (!("geolocation" in navigator)) return failed("unavailable");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => found({ lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.round(coords.accuracy) }),
    (error) => failed(error.code === error.PERMISSION_DENIED ? "denied" : "unavailable"),
    { enableHighAccuracy: true, maximumAge: 0, timeout: POSITION_WAIT_MS },
  );
}

/**
 * Browsers let a page vibrate only once it was touched.
 *
 * @param {number | number[]} pattern
 */
function vibrate(pattern) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}

/** @type {number | undefined} */
let speaking;

/** @param {string} sentence */
function speak(sentence) {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    const spoken = byId("spoken");
    spoken.textContent = spoken.textContent === sentence ? `${sentence}\u00a0` : sentence;
  }, SPEAK_AFTER_MS);
}

/**
 * The link stands behind the `#`: no server and no log ever sees it.
 *
 * @param {string} token
 */
async function handOn(token) {
  const url = `${location.origin}/ride?lang=${lang}#/with/${token}`;
  /** @type {"shared" | "copied" | "failed"} */
  let how = "failed";
  try {
    if (navigator.share) {
      await navigator.share({ title: t("with.title"), url });
      how = "shared";
    } else {
      await navigator.clipboard.writeText(url);
      how = "copied";
      speak(t("with.copied"));
    }
  } catch {
    how = "failed";
  }
  dispatch({ to: "sheets", event: { type: "shared", how } });
}

function render() {
  const focused = document.activeElement;
  document.title = `${heading(state, t)} · ${t("ride.app")}`;
  byId("title").textContent = heading(state, t);
  patch(byId("notice"), state.place.tab === "with" ? [] : notice(state.at, t));
  patch(byId("tabs"), tabs(state, t));
  patch(byId("cards"), myBells(state, t));
  patch(byId("content"), [content(state, t)]);
  byId("tabs").hidden = byId("wishes").hidden = state.place.tab === "with";
  patch(byId("wishes"), wishes(state.at, t));
  patch(byId("look"), lookChoices(readLook(), t));
  if (focused instanceof HTMLElement && !focused.isConnected) followFocus(focused.dataset["act"]);
}

/**
 * The pressed button is gone: whoever goes by keyboard or screen reader continues where it led.
 *
 * @param {string | undefined} act of the button that is gone
 */
function followFocus(act) {
  const next = { ring: "#cards [data-act=cancel]", cancel: "#board [data-act=ring]", off: ".card-alight .cancel", stay: ".strip button" }[act ?? ""];
  const found = (next === undefined ? null : document.querySelector(next)) ?? byId("title");
  if (found instanceof HTMLElement) found.focus({ preventScroll: true });
}

onPress(document, (act, data) => {
  switch (act) {
    case "open":
      return dispatch({ to: "all", event: { type: "open", stopId: data["stop"] ?? "" } });
    case "star":
      return star(data["stop"] ?? "");
    case "look":
      keepLook(lookAfter(readLook(), data));
      return render();
    case "fewer":
    case "more":
    case "need":
      return dispatch({ to: "stop", event: { type: "wish", ...changed(state.at, act, data["need"]) } });
    case "ring":
      return dispatch({ to: "stop", event: { type: "press", line: data["line"] ?? "", bellId: newId() } });
    case "cancel":
      return dispatch({ to: "stop", event: { type: "cancel", bellId: data["bell"] ?? "" } });
    case "locate":
      return dispatch({ to: "finder", event: { type: "locate" } });
    case "closer":
    case "farther":
      return dispatch({ to: "finder", event: { type: "zoom", closer: act === "closer" } });
    case "enter":
      return dispatch({ to: "aboard", event: { type: "check in", ref: newId(), vehicleId: data["vehicle"] ?? "", nonce: null } });
    case "off":
      return dispatch({ to: "aboard", event: { type: "let off", stopSequence: Number(data["sequence"]), bellId: newId() } });
    case "stay":
      return dispatch({ to: "aboard", event: { type: "stay on" } });
    case "leave":
      return dispatch({ to: "aboard", event: { type: "check out" } });
    case "undo":
      return dispatch({ to: "aboard", event: { type: "undo", rideId: data["ride"] ?? "" } });
    case "confirm":
      return dispatch({ to: "aboard", event: { type: "confirm", rideId: data["ride"] ?? "" } });
    case "share":
      return dispatch({ to: "sheets", event: { type: "share", rideId: data["ride"] ?? "" } });
    case "unshare":
      return dispatch({ to: "sheets", event: { type: "unshare" } });
    case "send report":
      return dispatch({ to: "sheets", event: { type: "confirm report" } });
  }
});

/** @param {string} stopId */
function star(stopId) {
  const stop = listed(state.finder).find((one) => one.stop_id === stopId);
  if (stop === undefined) return;
  toggleFavourite(stop);
  dispatch({ to: "finder", event: { type: "favourites", favourites: readFavourites() } });
}

/** @type {number | undefined} */
let typing;

document.addEventListener("input", ({ target }) => {
  if (!(target instanceof HTMLInputElement) || target.id !== "query") return;
  clearTimeout(typing);
  typing = setTimeout(() => dispatch({ to: "finder", event: { type: "query", text: target.value } }), TYPING_MS);
});

document.addEventListener("submit", (event) => event.preventDefault());

addEventListener("hashchange", () => {
  dispatch({ to: "all", event: { type: "go", place: placeOf(location.hash) } });
  byId("title").focus({ preventScroll: true });
  scrollTo(0, 0);
});

/** Only where the rider has allowed it before: a page that opens with a question is closed. */
async function locateIfAllowed() {
  const allowed = await navigator.permissions?.query({ name: "geolocation" });
  if (allowed?.state === "granted") dispatch({ to: "finder", event: { type: "locate" } });
}

function tick() {
  dispatch({ to: "all", event: { type: "tick" } });
}

function lookWith() {
  if (state.place.tab === "with" && document.visibilityState === "visible") dispatch({ to: "all", event: { type: "go", place: state.place } });
}

byId("look").hidden = false;
dispatch({ to: "all", event: { type: "go", place: state.place } });
if (state.place.tab === "with") {
  setInterval(lookWith, COMPANION_MS);
} else {
  session.start();
  void locateIfAllowed();
}
keepForOffline();
setInterval(tick, TICK_MS);
