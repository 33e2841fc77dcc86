/** The section of pass-bys: the list, and the evidence of one. The only module here that touches document and clock. */

import { onPress, patch } from "/static/shared/dom.js";
import { Desk } from "/static/ops/report/desk.js";
import { WINDOWS, query, save, windowOf } from "/static/ops/report/parts.js";
import { evidence } from "/static/ops/passbys/evidence.js";
import { list } from "/static/ops/passbys/list.js";

/**
 * @typedef {{
 *   about: string, stopId: string, window: import("/static/ops/report/parts.js").WindowName, routeId: string, desk: Desk,
 *   cards: Map<string, {columns: import("/static/ops/report/parts.js").Column[], rows: import("/static/ops/report/parts.js").Row[]}>,
 * }} State  `about`: whose evidence is open; empty while the list is shown
 */

/** @type {import("/static/ops/sections.js").Mount} */
export function mount(root, { t, api, now, route, onRoute }) {
  let drawing = 0;
  const redraw = () => {
    drawing ||= requestAnimationFrame(draw);
  };
  const desk = new Desk({ api, now }, redraw);
  /** @type {State} */
  const state = { about: "", stopId: "", window: "week", routeId: "", desk, cards: new Map() };

  function draw() {
    drawing = 0;
    state.cards.clear();
    patch(root, [state.about === "" ? list(state, t) : evidence(state, t)]);
  }

  function load(/** @type {boolean} */ fresh) {
    if (state.about !== "") {
      void desk.ask("evidence", `/v1/ops/passbys/${encodeURIComponent(state.about)}`, { fresh });
      return;
    }
    const asked = query({ ...windowOf(state.window, now()), route_id: state.routeId, stop_id: state.stopId });
    void desk.ask("passbys", `/v1/ops/passbys?${asked}&limit=500`, { fresh });
  }

  function follow() {
    const [first = "", second = ""] = route();
    state.stopId = first === "stop" ? second : "";
    state.about = first === "stop" ? "" : first;
    load(true);
    redraw();
  }

  onPress(root, (act, data) => {
    if (act === "window" && data["window"] && data["window"] in WINDOWS) {
      state.window = /** @type {State["window"]} */ (data["window"]);
      load(true);
    }
    if (act === "again") load(false);
    if (act === "print") print();
    if (act === "csv") {
      const card = state.cards.get(String(data["card"]));
      if (card) save(String(data["card"]), card.columns, card.rows);
    }
  });
  root.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLSelectElement)) return;
    state.routeId = event.target.value;
    load(true);
  });

  void desk.ask("routes", "/v1/routes");
  onRoute(follow);
  follow();
  return () => {
    desk.end();
    cancelAnimationFrame(drawing);
  };
}
