/** The inspector's page: connects door, camera, server, state and view. The only module here that touches document and storage. */

import { byId, onPress, patch } from "/static/shared/dom.js";
import { vibrate } from "/static/shared/device.js";
import { signIn } from "/static/shared/sign_in.js";
import { chooseLang, loadWords } from "/static/shared/words.js";
import { ask } from "/static/rider/ride/api.js";
import { Camera, canRead } from "/static/rider/inspect/camera.js";
import { initial, step } from "/static/rider/inspect/state.js";
import { page } from "/static/rider/inspect/view.js";

/** The bus is kept for the length of a tab: an inspector changes it with every bus. */
const BUS = "ridebell.inspect.bus";
const GOOD = [120];
const BAD = [80, 80, 80, 80, 240];

const lang = chooseLang(new URLSearchParams(location.search).get("lang"), document.documentElement.lang, navigator.language);
document.documentElement.lang = lang;
const t = await loadWords(lang, "rider/inspect");
const camera = new Camera(/** @type {HTMLVideoElement} */ (byId("video")), (code) => dispatch({ type: "code", code }));

let state = initial({ bus: sessionStorage.getItem(BUS) ?? "", camera: await canRead() });

/** @param {import("/static/rider/inspect/state.js").Event} event */
function dispatch(event) {
  const next = step(state, event);
  state = next.state;
  next.effects.forEach(perform);
  render();
}

/** @param {import("/static/rider/inspect/state.js").Effect} effect */
function perform(effect) {
  switch (effect.type) {
    case "check":
      return void check(effect.code, effect.bus);
    case "keep bus":
      return sessionStorage.setItem(BUS, effect.bus);
    case "sign in":
      return void signIn(effect.token).then((taken) => dispatch({ type: "token answer", taken }));
    case "ask login":
      return void login();
    case "watch":
      return void camera.watch().then((may) => (may ? undefined : dispatch({ type: "camera denied" })));
    case "look away":
      return camera.end();
    case "told":
      byId("spoken").textContent = t(`verdict.${effect.verdict}`);
      return vibrate(effect.verdict === "valid" ? GOOD : BAD);
  }
}

/**
 * @param {string} code
 * @param {string} bus
 */
async function check(code, bus) {
  /** @type {import("/static/rider/ride/api.js").Answer<import("/static/rider/inspect/state.js").Result>} */
  const answer = await ask("/v1/inspections", { method: "POST", body: { code, bus }, lang });
  if (answer.ok) return dispatch({ type: "answer", result: answer.body });
  if (answer.status === 401 || answer.status === 403) return dispatch({ type: "not allowed" });
  dispatch({ type: "failed", failure: answer.status === 0 ? "offline" : answer.status === 429 ? "rate" : "other" });
}

async function login() {
  /** @type {import("/static/rider/ride/api.js").Answer<{method: string}>} */
  const answer = await ask("/v1/login");
  dispatch({ type: "login", company: answer.ok && answer.body.method === "oidc" });
}

function render() {
  const before = document.querySelector(".verdict");
  patch(byId("content"), page(state, lang, t));
  byId("camera").hidden = state.camera !== "on" || state.result !== null || state.door !== "open";
  const verdict = document.getElementById("verdict");
  if (before === null && verdict !== null) verdict.focus();
  if (before !== null && verdict === null) document.getElementById("code")?.focus();
}

onPress(document, (act, data) => {
  if (act === "camera") dispatch({ type: "camera", on: data["on"] === "true" });
  if (act === "next") dispatch({ type: "next" });
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!(event.target instanceof HTMLFormElement)) return;
  const given = new FormData(event.target);
  if (event.target.dataset["form"] === "token") dispatch({ type: "token", token: String(given.get("token") ?? "") });
  else dispatch({ type: "code", code: String(given.get("code") ?? "") });
});

document.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement && target.id === "bus") dispatch({ type: "bus", bus: target.value.trim() });
});

addEventListener("pagehide", () => camera.end());
render();
