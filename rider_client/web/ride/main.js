/** The rider app: connects socket, state and view. The only module here that touches document, clock, storage and device. */

import { locate, mayLocate, speaker, vibrate } from "/static/shared/device.js";
import { byId, onPress, patch } from "/static/shared/dom.js";
import { readFavourites, toggleFavourite } from "/static/shared/favourites.js";
import { newId } from "/static/shared/id.js";
import { keepLook, readLook } from "/static/shared/look.js";
import { lookAfter, lookChoices } from "/static/shared/look_view.js";
import { keepForOffline } from "/static/shared/offline.js";
import { changed, keepProfile, readProfile } from "/static/shared/profile.js";
import { wishes } from "/static/shared/profile_view.js";
import { Session } from "/static/shared/session.js";
import { Staying } from "/static/shared/staying.js";
import { chooseLang, loadWords, say } from "/static/shared/words.js";
import { openBells, waitingBells } from "/static/rider/stop/board.js";
import { keepWaiting, readWaiting } from "/static/rider/stop/memory.js";
import { notice } from "/static/rider/stop/view.js";
import { ask } from "/static/rider/ride/errands.js";
import { listed } from "/static/rider/ride/finder.js";
import { listenApp } from "/static/rider/ride/socket.js";
import { app, initialApp, placeOf } from "/static/rider/ride/state.js";
import { content, heading, myBells, tabs } from "/static/rider/ride/view.js";

const TICK_MS = 1_000;
/** A companion's view is read anew after this long. */
const COMPANION_MS = 5_000;
const VIBRATE_MS = 200;
const TYPING_MS = 250;

const lang = chooseLang(new URLSearchParams(location.search).get("lang"), document.documentElement.lang, navigator.language);
document.documentElement.lang = lang;
const t = await loadWords(lang, "rider/ride", "rider/ride/rules");

let state = initialApp({
  lang,
  place: placeOf(location.hash),
  favourites: readFavourites(),
  waiting: readWaiting(Date.now()),
  wish: readProfile(),
  nowMs: Date.now(),
});

const session = new Session({ path: "/v1/ws/rider", ticket: { role: "rider" }, lang, capMs: 20_000, tell: listenApp((event) => dispatch(event)) });

const speak = speaker(byId("spoken"));
const staying = new Staying((message) => session.send({ ...message }));

/** @param {import("/static/rider/ride/state.js").Event} event */
function dispatch(event) {
  const next = app(state, event, Date.now());
  state = next.state;
  next.effects.forEach(perform);
  staying.follow(waitingBells(state.at));
  if (pushes === undefined && openBells(state.at).length > 0) void offerPush();
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
    case "push":
      return void pushes
        ?.then((push) => (effect.on ? push.follow(effect.bellId, lang) : push.unfollow(effect.bellId)))
        .then((how) => dispatch({ to: "stop", event: { type: "pushed", bellId: effect.bellId, how } }));
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

/** @type {Promise<typeof import("/static/rider/stop/push.js")> | undefined} */
let pushes;

/** Whether a closed page can be told is looked up once there is something to tell. */
async function offerPush() {
  pushes = import("/static/rider/stop/push.js");
  const push = await pushes;
  if (await push.canPush()) dispatch({ to: "stop", event: { type: "push offered", followed: push.followed() } });
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
    case "push":
      return dispatch({ to: "stop", event: { type: "push press", bellId: data["bell"] ?? "" } });
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
    case "correct":
      return correct(data["ride"] ?? "", data["end"], data["stop"] ?? "");
    case "fix":
      return fix(data["ride"] ?? "", data["end"] === "board" ? "board" : "alight");
    case "leave it":
      return dispatch({ to: "sheets", event: { type: "leave it" } });
    case "share":
      return dispatch({ to: "sheets", event: { type: "share", rideId: data["ride"] ?? "" } });
    case "show code":
      return dispatch({ to: "pass", event: { type: "open", rideId: data["ride"] ?? "" } });
    case "hide code":
      return dispatch({ to: "pass", event: { type: "close" } });
    case "unshare":
      return dispatch({ to: "sheets", event: { type: "unshare" } });
    case "send report":
      return dispatch({ to: "sheets", event: { type: "confirm report" } });
  }
});

/**
 * @param {string} rideId
 * @param {string | undefined} end none: it is as it stands
 * @param {string} stopId
 */
function correct(rideId, end, stopId) {
  dispatch({ to: "aboard", event: { type: "correct", rideId, end: end === "board" || end === "alight" ? end : null, stopId } });
  dispatch({ to: "sheets", event: { type: "leave it" } });
}

/** @param {string} rideId */
function rideBy(rideId) {
  return state.aboard.rides[rideId] ?? state.sheets.rides?.find((one) => one.ride_id === rideId);
}

/**
 * @param {string} rideId
 * @param {"board" | "alight"} end
 */
function fix(rideId, end) {
  const ride = rideBy(rideId);
  if (ride !== undefined) dispatch({ to: "sheets", event: { type: "fix", ride, end } });
}

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

/** `toggle` does not bubble; it is heard on its way down. */
addEventListener(
  "toggle",
  ({ target }) => {
    const ride = target instanceof HTMLDetailsElement && target.open ? rideBy(target.dataset["ride"] ?? "") : undefined;
    if (ride !== undefined) dispatch({ to: "sheets", event: { type: "show way", ride } });
  },
  true,
);

document.addEventListener("submit", (event) => event.preventDefault());

addEventListener("hashchange", () => {
  dispatch({ to: "all", event: { type: "go", place: placeOf(location.hash) } });
  byId("title").focus({ preventScroll: true });
  scrollTo(0, 0);
});

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
  void mayLocate().then((may) => (may ? dispatch({ to: "finder", event: { type: "locate" } }) : undefined));
}
keepForOffline();
setInterval(tick, TICK_MS);
