/** The console's shell: rail, addresses, one socket, and the section that is open. Sections are loaded when asked for. */

import { byId, h, onPress, patch } from "/static/shared/dom.js";
import { chooseLang, loadWords } from "/static/shared/words.js";
import { requests } from "/static/ops/api.js";
import { Link } from "/static/ops/link.js";
import { askToSignIn } from "/static/ops/login.js";
import { THEMES, rail } from "/static/ops/rail.js";
import { hashOf, readHash } from "/static/ops/sections.js";

const TICK_MS = 1_000;
const NOTICE_MS = 8_000;
/** Kept on this device: `ridebell.ops.theme` (auto, light, dark) and `ridebell.ops.lang` (ko, en). */
const KEPT = "ridebell.ops.";

const lang = chooseLang(new URLSearchParams(location.search).get("lang"), localStorage.getItem(`${KEPT}lang`), navigator.language);
document.documentElement.lang = lang;
const t = await loadWords(lang, "ops");
byId("rail").setAttribute("aria-label", t("ops.sections"));

const link = new Link(lang);
const root = byId("section");

/** @type {import("/static/ops/rail.js").RailState} */
let state = {
  section: "",
  link: { state: "connecting", heardMs: Date.now() },
  theme: THEMES.find((theme) => theme === localStorage.getItem(`${KEPT}theme`)) ?? "auto",
  nowMs: Date.now(),
};
/** The section that is open; its number tells a late one from the one that was asked for last. */
let open = { number: 0, unmount: () => {}, hear: /** @type {(() => void)[]} */ ([]) };
let signingIn = false;

const api = requests(t, lang, (problem) => {
  if (problem.status === 401) return signIn("needed");
  notice(problem.message);
});

/** @param {Partial<import("/static/ops/rail.js").RailState>} change */
function set(change) {
  state = { ...state, ...change };
  if (state.theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = state.theme;
  patch(byId("rail"), rail(state, t));
}

/** Open what the address says. */
function follow() {
  const { section } = readHash(location.hash);
  if (signingIn) return;
  if (section.id === state.section) return open.hear.forEach((hear) => hear());
  set({ section: section.id });
  void show(section.id);
}

/** @param {string} id */
async function show(id) {
  leave();
  const number = open.number;
  document.title = `${t(`ops.section.${id}`)} · ${t("ops.name")}`;
  root.setAttribute("aria-busy", "true");
  const holder = document.createElement("div");
  holder.className = `section-${id}`;
  try {
    const [module, words] = await Promise.all([import(`/static/ops/${id}/main.js`), loadWords(lang, "ops", `ops/${id}`), styles(id)]);
    if (number !== open.number) return;
    root.replaceChildren(holder);
    const unmount = await /** @type {import("/static/ops/sections.js").Mount} */ (module.mount)(holder, context(words));
    if (number === open.number) open.unmount = unmount;
    else unmount();
  } catch (error) {
    if (number !== open.number) return;
    console.warn(error);
    failed();
  } finally {
    if (number === open.number) root.removeAttribute("aria-busy");
  }
}

function leave() {
  open.unmount();
  open = { number: open.number + 1, unmount: () => {}, hear: [] };
  root.replaceChildren();
}

/**
 * @param {import("/static/shared/words.js").Translate} words
 * @returns {import("/static/ops/sections.js").Context}
 */
function context(words) {
  const mine = open;
  return {
    t: words,
    lang,
    api,
    session: link,
    notice,
    now: () => Date.now() + link.aheadMs,
    route: () => readHash(location.hash).rest,
    onRoute: (hear) => mine.hear.push(hear),
    go: (...parts) => {
      location.hash = hashOf(parts);
    },
  };
}

/**
 * @param {string} id
 * @returns {Promise<void>} when the section's own style sheet is there; it stays for the next time
 */
function styles(id) {
  if (document.getElementById(`css-${id}`) !== null) return Promise.resolve();
  const sheet = document.createElement("link");
  sheet.id = `css-${id}`;
  sheet.rel = "stylesheet";
  sheet.href = `/static/ops/${id}/${id}.css`;
  return new Promise((resolve, reject) => {
    sheet.onload = () => resolve();
    sheet.onerror = () => {
      sheet.remove();
      reject(new Error(`no style sheet of "${id}"`));
    };
    document.head.append(sheet);
  });
}

function failed() {
  root.replaceChildren(document.createElement("div"));
  patch(/** @type {HTMLElement} */ (root.firstElementChild), [
    h("p", { class: "failed", role: "alert" }, t("ops.failed.section")),
    h("button", { class: "button", type: "button", "data-act": "retry" }, t("ops.failed.retry")),
  ]);
}

/** @param {"needed" | "forbidden"} why */
function signIn(why) {
  if (signingIn) return;
  signingIn = true;
  leave();
  set({ section: "" });
  document.title = t("ops.name");
  const holder = document.createElement("div");
  root.replaceChildren(holder);
  askToSignIn(holder, t, why, () => {
    signingIn = false;
    link.start();
    follow();
  });
}

/** @param {string} text */
function notice(text) {
  const one = document.createElement("p");
  one.textContent = text;
  byId("notices").replaceChildren(one);
  setTimeout(() => one.remove(), NOTICE_MS);
}

onPress(document, (act) => {
  if (act === "theme") {
    const theme = THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length] ?? "auto";
    localStorage.setItem(`${KEPT}theme`, theme);
    set({ theme });
  }
  if (act === "language") {
    localStorage.setItem(`${KEPT}lang`, lang === "ko" ? "en" : "ko");
    const address = new URL(location.href);
    address.searchParams.delete("lang");
    history.replaceState(null, "", address);
    location.reload();
  }
  if (act === "retry") void show(state.section);
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || event.target.closest("[data-act=skip]") === null) return;
  event.preventDefault();
  root.focus();
});

link.listen((event) => {
  if (event.type === "live") set({ link: { state: "live", heardMs: Date.now() } });
  if (event.type === "lost") set({ link: { state: "lost", heardMs: event.heardMs } });
  if (event.type === "superseded") set({ link: { state: "superseded", heardMs: Date.now() } });
  if (event.type === "sign-in") signIn(event.why);
});

addEventListener("hashchange", follow);
set({});
link.start();
follow();
setInterval(() => set({ nowMs: Date.now() }), TICK_MS);
