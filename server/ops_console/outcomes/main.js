/** The section of outcomes: what became of every bell. The only module here that touches document and clock. */

import { onPress, patch } from "/static/shared/dom.js";
import { Desk } from "/static/ops/report/desk.js";
import { WINDOWS, query, save, windowOf } from "/static/ops/report/parts.js";
import * as abuse from "/static/ops/outcomes/abuse.js";
import * as bells from "/static/ops/outcomes/bells.js";
import { Heatmap, heatmap } from "/static/ops/outcomes/heatmap.js";
import * as latency from "/static/ops/outcomes/latency.js";
import * as overview from "/static/ops/outcomes/overview.js";
import * as sheet from "/static/ops/outcomes/sheet.js";

/**
 * @typedef {"figures" | "bells" | "bell" | "latency" | "map" | "abuse" | "route"} View
 * @typedef {{
 *   view: View, about: string, window: import("/static/ops/report/parts.js").WindowName, routeId: string, outcome: string,
 *   desk: Desk, cards: Map<string, {columns: import("/static/ops/report/parts.js").Column[], rows: import("/static/ops/report/parts.js").Row[]}>,
 * }} State
 */

const VIEWS = /** @type {readonly View[]} */ (["figures", "bells", "bell", "latency", "map", "abuse", "route"]);

/** @type {import("/static/ops/sections.js").Mount} */
export function mount(root, context) {
  const { t, api, now, route, onRoute } = context;
  let drawing = 0;
  const redraw = () => {
    drawing ||= requestAnimationFrame(draw);
  };
  const desk = new Desk({ api, now }, redraw);
  const map = new Heatmap(api);
  /** @type {State} */
  const state = { view: "figures", about: "", window: "day", routeId: "", outcome: "", desk, cards: new Map() };

  function draw() {
    drawing = 0;
    state.cards.clear();
    patch(root, [page(state, t)]);
    if (state.view === "map") map.show(root.querySelector("canvas"), desk.get("outcomes").value?.stops ?? []);
  }

  /** @param {boolean} fresh */
  function load(fresh) {
    const window = windowOf(state.window, now());
    const asked = query({ ...window, route_id: state.view === "route" ? state.about : state.routeId });
    switch (state.view) {
      case "figures":
      case "map":
      case "route":
        void desk.ask("outcomes", `/v1/ops/outcomes?${asked}`, { fresh });
        if (state.view === "route") {
          void desk.ask("latencies", `/v1/ops/latencies?${asked}`, { fresh });
          void desk.ask("passbys", `/v1/ops/passbys?${asked}&limit=20`, { fresh });
        }
        return;
      case "bells":
        void desk.ask("bells", `/v1/ops/bells?${asked}&${bells.fits(state.outcome)}&limit=200`, { fresh });
        return;
      case "bell":
        void desk.ask("bell", `/v1/ops/bells/${encodeURIComponent(state.about)}`, { fresh });
        return;
      case "latency":
        void desk.ask("latencies", `/v1/ops/latencies?${asked}`, { fresh });
        return;
      case "abuse":
        void desk.ask("abuse", `/v1/ops/abuse?${query(window)}`, { fresh });
    }
  }

  function follow() {
    const [first = "figures", ...rest] = route();
    state.view = VIEWS.find((view) => view === first) ?? "figures";
    state.about = rest[0] ?? "";
    load(true);
    redraw();
  }

  onPress(root, (act, data) => {
    if (act === "window" && data["window"] && data["window"] in WINDOWS) {
      state.window = /** @type {State["window"]} */ (data["window"]);
      load(true);
    }
    if (act === "again") load(false);
    if (act === "more") void more();
    if (act === "print") print();
    if (act.startsWith("map ")) map.press(/** @type {"in" | "out" | "fit"} */ (act.slice(4)));
    if (act === "csv") {
      const card = state.cards.get(String(data["card"]));
      if (card) save(String(data["card"]), card.columns, card.rows);
    }
  });

  async function more() {
    const { value, path } = desk.get("bells");
    const next = await api(`${path}&after=${encodeURIComponent(value.next)}`);
    desk.put("bells", { ...next, rows: [...value.rows, ...next.rows] });
  }

  root.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLSelectElement)) return;
    if (event.target.id === "route") state.routeId = event.target.value;
    if (event.target.id === "outcome") state.outcome = event.target.value;
    load(true);
  });

  void desk.ask("routes", "/v1/routes");
  onRoute(follow);
  follow();
  return () => {
    desk.end();
    map.end();
    cancelAnimationFrame(drawing);
  };
}

/**
 * @param {State} state
 * @param {import("/static/shared/words.js").Translate} t
 */
function page(state, t) {
  switch (state.view) {
    case "figures":
      return overview.page(state, t);
    case "bells":
      return bells.page(state, t);
    case "bell":
      return bells.story(state, t);
    case "latency":
      return latency.page(state, t);
    case "map":
      return heatmap(state, t);
    case "abuse":
      return abuse.page(state, t);
    case "route":
      return sheet.page(state, t);
  }
}
