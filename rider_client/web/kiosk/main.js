/** The stop kiosk: connects socket, door, voice, state and view. The only module here that touches document and clock. */

import { byId, onPress, patch } from "/static/shared/dom.js";
import { newId } from "/static/shared/id.js";
import { keepForOffline } from "/static/shared/offline.js";
import { Session } from "/static/shared/session.js";
import { clockTime } from "/static/shared/time.js";
import { chooseLang, loadWords, say } from "/static/shared/words.js";
import { readBoot } from "/static/rider/stop/boot.js";
import { ask, enrol, ring, takeBack } from "/static/rider/kiosk/door.js";
import { initial, onScreen, step } from "/static/rider/kiosk/state.js";
import { hush, sayAloud } from "/static/rider/kiosk/voice.js";
import * as view from "/static/rider/kiosk/view.js";

const TICK_MS = 1_000;
/** Keys of a button box that mean "next"; Tab is one by itself, and Enter or the space bar presses. */
const NEXT = new Set(["ArrowRight", "ArrowDown"]);
const BEFORE = new Set(["ArrowLeft", "ArrowUp"]);

const home = chooseLang(new URLSearchParams(location.search).get("lang"), document.documentElement.lang);
const [ko, en] = await Promise.all([loadWords("ko", "rider/kiosk"), loadWords("en", "rider/kiosk")]);
const boot = readBoot();
let state = initial(boot.stop, { board: boot.arrivals, lang: home, enrolled: boot.enrolled, nowMs: Date.now() });

const session = new Session({
  path: "/v1/ws/rider",
  ticket: { role: "rider" },
  lang: home,
  capMs: 20_000,
  tell: (event) => {
    if (event.type === "live") dispatch({ type: "live" });
    else if (event.type === "lost") dispatch({ type: "lost", sinceMs: event.heardMs });
    else if (event.type === "frame" && event.frame.type === "arrivals") dispatch({ type: "arrivals", message: /** @type {any} */ (event.frame) });
  },
});

const t = () => (state.lang === "ko" ? ko : en);

/** @param {import("/static/rider/kiosk/state.js").Event | null} event */
function dispatch(event) {
  if (event === null) return;
  const next = step(state, event, Date.now());
  state = next.state;
  next.effects.forEach(perform);
  render();
}

/** @param {import("/static/rider/kiosk/state.js").Effect} effect */
function perform(effect) {
  switch (effect.type) {
    case "watch":
      return void session.send({ type: "watch", stop_id: state.stop.stop_id });
    case "ring":
      return void ring(effect.request, state.lang).then(dispatch);
    case "ask":
      return void ask(effect.bellId, state.lang).then(dispatch);
    case "take back":
      return void takeBack(effect.bellId, state.lang);
    case "speak":
      return sayAloud(typeof effect.said === "string" ? effect.said : say(effect.said, t()), state.lang);
    case "rest":
      hush();
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }
}

function render() {
  document.documentElement.lang = state.lang;
  byId("clock").textContent = clockTime(state.nowMs);
  patch(byId("notice"), view.notice(state, t()));
  patch(byId("routes"), view.routes(state, t()));
  patch(byId("keys"), view.keys(state, t()));
  const answer = byId("answer");
  const said = view.answer(state, t());
  if (answer.textContent !== said) answer.textContent = said;
  answer.classList.toggle("answer-rest", state.answer === null);
}

onPress(document, (act, data) => {
  switch (act) {
    case "press":
      return dispatch({ type: "press", key: data["key"] ?? "", bellId: newId() });
    case "wheelchair":
    case "more":
    case "language":
      return dispatch({ type: act });
  }
});

addEventListener("keydown", (event) => {
  dispatch({ type: "touch" });
  const way = NEXT.has(event.key) ? 1 : BEFORE.has(event.key) ? -1 : 0;
  if (way === 0) return;
  event.preventDefault();
  const all = [...document.querySelectorAll("main button")];
  const at = document.activeElement === null ? -1 : all.indexOf(document.activeElement);
  const next = all[(at + way + all.length) % all.length] ?? all[0];
  if (next instanceof HTMLElement) next.focus();
});

/** Two keys are all that a box may have: what the next one has come to is said aloud. */
document.addEventListener("focusin", ({ target }) => {
  if (!(target instanceof HTMLElement) || !target.matches(":focus-visible")) return;
  const line = onScreen(state).find((one) => one.key === target.dataset["key"]);
  sayAloud(line ? view.choiceWords(line, state, t()) : (target.textContent ?? ""), state.lang);
});

/** The address that a tablet is set up with carries its token behind the `#`, which no browser sends to a server. */
async function enrolByAddress() {
  const token = location.hash.slice(1);
  if (token === "") return;
  const yes = await enrol(token, state.stop.stop_id);
  if (yes === null) return void setTimeout(() => void enrolByAddress(), 5 * TICK_MS);
  history.replaceState(null, "", location.pathname + location.search);
  dispatch({ type: "enrolled", yes });
}

render();
await enrolByAddress();
session.start();
keepForOffline();
setInterval(() => dispatch({ type: "tick" }), TICK_MS);
