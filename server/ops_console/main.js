/** The operator's live page: connects socket, state and view. The only module here that touches document and clock. */

import { byId, onPress, patch } from "/static/shared/dom.js";
import { Session } from "/static/shared/session.js";
import { signIn } from "/static/shared/sign_in.js";
import { chooseLang, loadWords } from "/static/shared/words.js";
import { walkRows, walkTabs } from "/static/ops/keys.js";
import { listen } from "/static/ops/socket.js";
import { initial, step } from "/static/ops/state.js";
import * as view from "/static/ops/view.js";

const TICK_MS = 1_000;

const lang = chooseLang(new URLSearchParams(location.search).get("lang"), navigator.language);
document.documentElement.lang = lang;
const t = await loadWords(lang);
document.title = t("ops.page");
byId("title").textContent = t("ops.title");

let state = initial(Date.now());

const session = new Session({
  path: "/v1/ws/operator",
  ticket: { role: "operator" },
  lang,
  capMs: 15_000,
  tell: listen((event) => dispatch(event)),
});

/** @param {import("/static/ops/state.js").Event} event */
function dispatch(event) {
  const next = step(state, event, Date.now());
  state = next.state;
  for (const effect of next.effects) session.send(effect.message);
  draw();
}

let drawing = false;

/** At most once a frame, however many messages come. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    patch(byId("figures"), view.figures(state, t));
    patch(byId("link"), view.link(state, t));
    patch(byId("content"), view.content(state, t));
  });
}

onPress(document, (act, data) => {
  const section = data["section"] === "bells" ? "bells" : "buses";
  if (act === "section") dispatch({ type: "section", section });
  if (act === "order") dispatch({ type: "order", section, column: String(data["column"]) });
});

document.addEventListener("input", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.id === "search") {
    dispatch({ type: "search", text: event.target.value });
  }
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const token = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("token") ?? "");
  void signIn(token).then((taken) => {
    dispatch({ type: "door", door: taken ? "open" : "forbidden" });
    if (taken) session.start();
  });
});

walkTabs(document, (section) => dispatch({ type: "section", section }));
walkRows(document);
draw();
session.start();
setInterval(() => dispatch({ type: "tick" }), TICK_MS);
