/** The stop page: connects socket, state and view. The only module here that touches document, clock, storage and device. */

import { locate, speaker, vibrate } from "/static/shared/device.js";
import { byId, onPress, patch } from "/static/shared/dom.js";
import { isFromDevice, keepForOffline } from "/static/shared/offline.js";
import { newId } from "/static/shared/id.js";
import { Session } from "/static/shared/session.js";
import { isFavourite, toggleFavourite } from "/static/shared/favourites.js";
import { keepLook, readLook } from "/static/shared/look.js";
import { lookAfter, lookChoices } from "/static/shared/look_view.js";
import { Staying } from "/static/shared/staying.js";
import { changed, keepProfile, readProfile } from "/static/shared/profile.js";
import { wishes } from "/static/shared/profile_view.js";
import { chooseLang, loadWords, say } from "/static/shared/words.js";
import { readBoot } from "/static/rider/stop/boot.js";
import { openBells, waitingBells } from "/static/rider/stop/board.js";
import { cards, ended } from "/static/rider/stop/card.js";
import { keepBoard, keepWaiting, newerBoard, readWaiting } from "/static/rider/stop/memory.js";
import { listen } from "/static/rider/stop/socket.js";
import { initial, step } from "/static/rider/stop/state.js";
import * as view from "/static/rider/stop/view.js";

const TICK_MS = 1_000;
const VIBRATE_MS = 200;

const query = new URLSearchParams(location.search);
const lang = chooseLang(query.get("lang"), document.documentElement.lang, navigator.language);
document.documentElement.lang = lang;
const t = await loadWords(lang);
const boot = readBoot();

let state = initial(boot.stop, {
  nonce: query.get("n"),
  board: isFromDevice() ? newerBoard(boot.stop.stop_id, boot.arrivals) : boot.arrivals,
  routeNames: boot.routeNames,
  waiting: readWaiting(Date.now()),
  wish: readProfile(),
  kept: isFromDevice(),
  nowMs: Date.now(),
});

const session = new Session({
  path: "/v1/ws/rider",
  ticket: { role: "rider" },
  lang,
  capMs: 20_000,
  tell: listen((event) => dispatch(event)),
});

const speak = speaker(byId("spoken"));
const staying = new Staying((message) => session.send({ ...message }));

/** @param {import("/static/rider/stop/state.js").Event} event */
function dispatch(event) {
  const next = step(state, event, Date.now());
  state = next.state;
  next.effects.forEach(perform);
  staying.follow(waitingBells(state));
  if (pushes === undefined && openBells(state).length > 0) void offerPush();
  render();
}

/** @param {import("/static/rider/stop/state.js").Effect} effect */
function perform(effect) {
  switch (effect.type) {
    case "send":
      return void session.send(effect.message);
    case "locate":
      return locate(
        (position) => dispatch({ type: "located", bellId: newId(), position }),
        (why) => dispatch({ type: "not located", why }),
      );
    case "speak":
      return speak(typeof effect.said === "string" ? effect.said : say(effect.said, t));
    case "keep waiting":
      return keepWaiting(effect.waiting);
    case "keep wish":
      return keepProfile(effect);
    case "push":
      return void pushes?.then((push) => (effect.on ? push.follow(effect.bellId, lang) : push.unfollow(effect.bellId)))
        .then((how) => dispatch({ type: "pushed", bellId: effect.bellId, how }));
    case "vibrate":
      return vibrate(VIBRATE_MS);
  }
}

/** @type {Promise<typeof import("/static/rider/stop/push.js")> | undefined} */
let pushes;

/** Whether a closed page can be told is looked up once there is something to tell. */
async function offerPush() {
  pushes = import("/static/rider/stop/push.js");
  const push = await pushes;
  if (await push.canPush()) dispatch({ type: "push offered", followed: push.followed() });
}

function render() {
  const focused = document.activeElement;
  patch(byId("notice"), view.notice(state, t));
  patch(byId("cards"), cards(state, t));
  patch(byId("ended"), ended(state, t));
  patch(byId("board"), view.board(state, t));
  patch(byId("age"), view.boardAge(state, t));
  patch(byId("wishes"), wishes(state, t));
  patch(byId("look"), lookChoices(readLook(), t));
  patch(byId("star"), [view.star(isFavourite(boot.stop.stop_id), t)]);
  byId("board").setAttribute("aria-busy", String(state.board === null));
  if (focused instanceof HTMLElement && !focused.isConnected) followFocus(focused.dataset["act"]);
}

/**
 * The pressed button is gone: whoever goes by keyboard or screen reader continues where it led.
 *
 * @param {string | undefined} act of the button that is gone
 */
function followFocus(act) {
  const next = act === "ring" ? "#cards [data-act=cancel]" : "#board [data-act=ring]";
  const found = document.querySelector(next) ?? byId("board");
  if (found instanceof HTMLElement) found.focus({ preventScroll: true });
}

onPress(document, (act, data) => {
  switch (act) {
    case "star":
      toggleFavourite(boot.stop);
      return render();
    case "look":
      keepLook(lookAfter(readLook(), data));
      return render();
    case "ring":
      return dispatch({ type: "press", line: data["line"] ?? "", bellId: newId() });
    case "cancel":
      return dispatch({ type: "cancel", bellId: data["bell"] ?? "" });
    case "push":
      return dispatch({ type: "push press", bellId: data["bell"] ?? "" });
    case "fewer":
    case "more":
    case "need":
      return dispatch({ type: "wish", ...changed(state, act, data["need"]) });
  }
});

addEventListener("pagehide", () => keepBoard(state.board));
byId("wishes").hidden = byId("look").hidden = false;
render();
session.start();
keepForOffline();
setInterval(() => dispatch({ type: "tick" }), TICK_MS);
