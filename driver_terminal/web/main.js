/** The driver's screen: connects socket, state, view, sound, receiver and the paint itself. Only here: document, clock, device. */

import { byId, onPress, patch } from "/static/shared/dom.js";
import { Session } from "/static/shared/session.js";
import { signIn } from "/static/shared/sign_in.js";
import { chooseLang, loadWords } from "/static/shared/words.js";
import { stayAwake } from "/static/driver/awake.js";
import { followDaylight } from "/static/driver/daylight.js";
import { actionOf, fetchKeys } from "/static/driver/keys.js";
import { keepSounded, readSounded } from "/static/driver/memory.js";
import { watchPositions } from "/static/driver/positions.js";
import { watchReceiver } from "/static/driver/receiver.js";
import { fetchRoute, fetchRoutes } from "/static/driver/routes.js";
import { maySignOn, routeWanted, screen } from "/static/driver/screen.js";
import { selfTest } from "/static/driver/selftest.js";
import { listen } from "/static/driver/socket.js";
import { Speaker } from "/static/driver/sounds.js";
import { initial, step } from "/static/driver/state.js";
import { page } from "/static/driver/view.js";

const TICK_MS = 500;
const ASK_AGAIN_MS = 5_000;

const query = new URLSearchParams(location.search);
/** `?positions=feed`: a control centre reports this bus's positions; the screen only shows. */
const ownPositions = query.get("positions") !== "feed";
/** `?receiver=8742`: positions come from the SDK's bridge at this port of the device, not from the browser. */
const receiverPort = Number(query.get("receiver") ?? 0);
const vehicleId = query.get("vehicle_id");
const lang = chooseLang(query.get("lang"), navigator.language);
document.documentElement.lang = lang;
const t = await loadWords(lang, "driver");
const keys = await fetchKeys();
document.title = t("drive.name");

let state = initial({ nowMs: Date.now(), sounded: readSounded(), positions: ownPositions });
/** What is being fetched, or was not had lately. @type {Set<string>} */
const asked = new Set();

const session = new Session({
  path: "/v1/ws/terminal",
  ticket: vehicleId === null ? { role: "terminal" } : { role: "terminal", vehicle_id: vehicleId },
  lang,
  capMs: 3_000,
  tell: listen((event) => dispatch(event)),
});

/** @param {import("/static/driver/state.js").Event} event */
function dispatch(event) {
  const next = step(state, event, Date.now());
  state = next.state;
  next.effects.forEach(perform);
  patch(byId("page"), page(state, t));
  reportPaint();
  if ((maySignOn(state) || state.choosing) && state.routes === null) void ask("routes", fetchRoutes, (routes) => ({ type: "routes", routes }));
  const routeId = routeWanted(state);
  if (routeId !== null) void ask(routeId, () => fetchRoute(routeId), (detail) => ({ type: "route", detail }));
}

/** @param {import("/static/driver/state.js").Effect} effect */
function perform(effect) {
  switch (effect.type) {
    case "send":
      return void session.send(effect.message);
    case "sound":
      document.dispatchEvent(new CustomEvent("ridebell:chime", { detail: effect.chime }));
      return speaker.play(effect.chime);
    case "keep sounded":
      return keepSounded(effect.sounded);
    case "self test":
      return void test();
  }
}

async function test() {
  if (state.selfTest?.running != null) return;
  const verdict = await selfTest(speaker, (chime) => dispatch({ type: "testing", chime }));
  dispatch({ type: "tested", ...verdict });
}

/** The first frame callback runs before the alert's frame is drawn, the second after: only then is it on the screen. */
function reportPaint() {
  const { main, after } = screen(state);
  const alertIds = [main, after].flatMap((alert) => (alert !== null && !state.shown[alert.alert_id] ? [alert.alert_id] : []));
  if (alertIds.length === 0) return;
  requestAnimationFrame(() => requestAnimationFrame(() => dispatchOnce(alertIds)));
}

/** @param {string[]} alertIds */
function dispatchOnce(alertIds) {
  if (state.link.live && alertIds.some((id) => !state.shown[id])) dispatch({ type: "painted", alertIds });
}

/**
 * Fetch once at a time; what was not had is asked for again a little later.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T | null>} fetchIt
 * @param {(answer: T) => import("/static/driver/state.js").Event} eventOf
 */
async function ask(name, fetchIt, eventOf) {
  if (asked.has(name)) return;
  asked.add(name);
  const answer = await fetchIt();
  setTimeout(() => asked.delete(name), answer === null ? ASK_AGAIN_MS : 0);
  if (answer !== null) dispatch(eventOf(answer));
}

onPress(document, (act, data) => {
  switch (act) {
    case "answer":
      return dispatch({ type: "answer", answer: data["answer"] === "full" ? "full" : "cannot_stop" });
    case "yes":
    case "other":
    case "keep":
    case "sign off":
      return dispatch({ type: act });
    case "run":
      return dispatch({ type: "sign on", choice: { trip_id: data["trip"] ?? "", start_date: data["date"] ?? "" } });
    case "test":
      return void test();
    case "take over":
      dispatch({ type: "door", door: "open" });
      return session.start();
  }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  const action = actionOf(keys, { code: event.code, repeat: event.repeat, typing });
  if (action === null) return;
  event.preventDefault();
  dispatch({ type: "key", action });
});

document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLSelectElement && event.target.name === "route") {
    dispatch({ type: "choose route", routeId: event.target.value });
  }
});

/** Who has a finger in a field chooses for himself: the form is not taken from under it. */
document.addEventListener("focusin", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (typing && !state.choosing && maySignOn(state)) dispatch({ type: "choose" });
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const field = (/** @type {string} */ name) => String(new FormData(form).get(name) ?? "").trim();
  switch (form.dataset["form"]) {
    case "route":
      return dispatch({ type: "sign on", choice: { route_id: field("route"), direction_id: direction(field("direction")) } });
    case "trip":
      return dispatch({ type: "sign on", choice: { trip_id: field("trip") } });
    case "token":
      return void openDoor(field("token"));
  }
});

/**
 * @param {string} chosen
 * @returns {0 | 1 | null} null for a route without directions
 */
function direction(chosen) {
  return chosen === "0" ? 0 : chosen === "1" ? 1 : null;
}

/** @param {string} token */
async function openDoor(token) {
  if (!(await signIn(token))) return dispatch({ type: "door", door: "forbidden" });
  dispatch({ type: "door", door: "open" });
  session.start();
}

stayAwake((awake) => setTimeout(() => dispatch({ type: "awake", awake })));
followDaylight(query.get("theme"));
const speaker = new Speaker((silent) => setTimeout(() => dispatch({ type: "speaker", silent })));
if (ownPositions) {
  const take = (/** @type {import("/static/driver/motion.js").Position} */ position) => dispatch({ type: "position", position });
  const fail = (/** @type {"denied" | "lost"} */ why) => dispatch({ type: "no position", why });
  if (receiverPort > 0) watchReceiver(receiverPort, take, fail);
  else watchPositions(take, fail);
}
patch(byId("page"), page(state, t));
session.start();
setInterval(() => dispatch({ type: "tick" }), TICK_MS);
