/** The section of terminals: what is wrong with which, since when. The only module here that touches document and clock. */

import { onPress, patch } from "/static/shared/dom.js";
import { Desk } from "/static/ops/report/desk.js";
import { query, save } from "/static/ops/report/parts.js";
import { history, list } from "/static/ops/terminals/view.js";

const REFRESH_MS = 10_000;

/**
 * @typedef {{
 *   about: string, trouble: string, nowMs: number, desk: Desk,
 *   cards: Map<string, {columns: import("/static/ops/report/parts.js").Column[], rows: import("/static/ops/report/parts.js").Row[]}>,
 * }} State  `about`: whose history is open
 */

/** @type {import("/static/ops/sections.js").Mount} */
export function mount(root, { t, api, now, route, onRoute }) {
  let drawing = 0;
  const redraw = () => {
    drawing ||= requestAnimationFrame(draw);
  };
  const desk = new Desk({ api, now }, redraw);
  /** @type {State} */
  const state = { about: "", trouble: "", nowMs: now(), desk, cards: new Map() };

  function draw() {
    drawing = 0;
    state.nowMs = now();
    state.cards.clear();
    patch(root, [state.about === "" ? list(state, t) : history(state, t)]);
  }

  function load(/** @type {boolean} */ fresh) {
    if (state.about === "") {
      void desk.ask("terminals", "/v1/ops/terminals", { fresh });
      return;
    }
    const midnight = new Date(now()).setHours(0, 0, 0, 0);
    void desk.ask("history", `/v1/ops/terminals/${encodeURIComponent(state.about)}?${query({ from_ms: midnight, to_ms: now() + 1000 })}`, { fresh });
  }

  function follow() {
    state.about = route()[0] ?? "";
    load(state.about !== "");
    redraw();
  }

  onPress(root, (act, data) => {
    if (act === "again") load(false);
    if (act === "trouble") {
      state.trouble = state.trouble === data["trouble"] ? "" : String(data["trouble"]);
      redraw();
    }
    if (act === "csv") {
      const card = state.cards.get(String(data["card"]));
      if (card) save(String(data["card"]), card.columns, card.rows);
    }
  });

  onRoute(follow);
  follow();
  const clock = setInterval(() => load(false), REFRESH_MS);
  return () => {
    clearInterval(clock);
    desk.end();
    cancelAnimationFrame(drawing);
  };
}
