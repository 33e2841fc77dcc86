/** The section of fares: rides, disputes, books. The only module here that touches document and clock. */

import { onPress, patch } from "/static/shared/dom.js";
import { loadWords } from "/static/shared/words.js";
import { Desk } from "/static/ops/report/desk.js";
import { WINDOWS, query, save, windowOf } from "/static/ops/report/parts.js";
import * as books from "/static/ops/fares/books.js";
import * as disputes from "/static/ops/fares/disputes.js";
import { ride } from "/static/ops/fares/ride.js";
import * as rides from "/static/ops/fares/rides.js";

/**
 * @typedef {"rides" | "ride" | "disputes" | "books"} View
 * @typedef {{
 *   view: View, about: string, window: import("/static/ops/report/parts.js").WindowName, desk: Desk,
 *   cards: Map<string, {columns: import("/static/ops/report/parts.js").Column[], rows: import("/static/ops/report/parts.js").Row[]}>,
 *   free: boolean,
 * }} State  `free`: rides cost nothing on this server
 */

const VIEWS = /** @type {readonly View[]} */ (["rides", "ride", "disputes", "books"]);
/** Rides in the list; all of them are in the CSV. */
const ROWS = 500;

/** @type {import("/static/ops/sections.js").Mount} */
export async function mount(root, { t: own, lang, api, now, route, onRoute, notice }) {
  const rules = await loadWords(lang, "rider/ride/rules");
  /** @type {import("/static/shared/words.js").Translate} */
  const t = (key, values) => (key.startsWith("rule.") ? rules(key, values) : own(key, values));
  let drawing = 0;
  const redraw = () => {
    drawing ||= requestAnimationFrame(draw);
  };
  const desk = new Desk({ api, now }, redraw);
  /** @type {State} */
  const state = { view: "rides", about: "", window: "day", desk, cards: new Map(), free: false };

  function draw() {
    drawing = 0;
    state.cards.clear();
    patch(root, [page(state, t)]);
  }

  /** @param {boolean} fresh */
  function load(fresh) {
    const asked = query({ ...windowOf(state.window, now()) });
    switch (state.view) {
      case "rides":
        void desk.ask("rides", `/v1/ops/rides?${asked}&limit=${ROWS}`, { fresh });
        return void ledger("figures", `/v1/ledger/rides?${asked}`, fresh);
      case "ride":
        return void desk.ask("ride", `/v1/ops/rides/${encodeURIComponent(state.about)}`, { fresh });
      case "disputes":
        return void ledger("disputes", "/v1/ledger/disputes", fresh);
      case "books":
        for (const name of ["days", "trial-balance", "conflicts", "devices"]) void ledger(name, `/v1/ledger/${name}`, fresh);
    }
  }

  /**
   * Where rides cost nothing there is no ledger to ask: that is a state of its own and no failure.
   *
   * @param {string} name
   * @param {string} path
   * @param {boolean} fresh
   */
  async function ledger(name, path, fresh) {
    state.free = await isFree();
    if (state.free) redraw();
    else await desk.ask(name, path, { fresh });
  }

  /** @type {Promise<boolean> | null} */
  let free = null;

  function isFree() {
    free ??= fetch("/v1/ledger/days").then(
      (answer) => answer.status === 404,
      () => ((free = null), false),
    );
    return free;
  }

  function follow() {
    const [first = "rides", second = ""] = route();
    state.view = VIEWS.find((view) => view === first) ?? "rides";
    state.about = second;
    load(true);
    redraw();
  }

  /**
   * @param {string} rideId
   * @param {string} verdict
   */
  async function decide(rideId, verdict) {
    await api(`/v1/ledger/disputes/${encodeURIComponent(rideId)}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ verdict }) });
    notice(t("fares.ruled"));
    load(false);
  }

  onPress(root, (act, data) => {
    if (act === "window" && data["window"] && data["window"] in WINDOWS) {
      state.window = /** @type {State["window"]} */ (data["window"]);
      load(true);
    }
    if (act === "again") load(false);
    if (act === "rule") void decide(String(data["ride"]), String(data["verdict"])).catch(() => undefined);
    if (act === "csv") {
      const card = state.cards.get(String(data["card"]));
      if (card) save(String(data["card"]), card.columns, card.rows);
    }
  });

  onRoute(follow);
  follow();
  return () => {
    desk.end();
    cancelAnimationFrame(drawing);
  };
}

/**
 * @param {State} state
 * @param {import("/static/shared/words.js").Translate} t
 */
function page(state, t) {
  switch (state.view) {
    case "rides":
      return rides.page(state, t);
    case "ride":
      return ride(state, t);
    case "disputes":
      return disputes.page(state, t);
    case "books":
      return books.page(state, t);
  }
}
