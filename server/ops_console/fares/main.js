/** The section of fares: rides and what they were charged, disputes, closed days, balances. The only module here that touches the document. */

import { onPress, patch } from "/static/shared/dom.js";
import { page } from "/static/ops/fares/view.js";
import { Desk } from "/static/ops/report/desk.js";
import { query, save, windowOf } from "/static/ops/report/parts.js";

const REFRESH_MS = 30_000;

/**
 * @typedef {{
 *   window: import("/static/ops/report/parts.js").WindowName, desk: Desk, asked: string,
 *   cards: Map<string, {columns: import("/static/ops/report/parts.js").Column[], rows: import("/static/ops/report/parts.js").Row[]}>,
 * }} State  `asked`: the window as the server's query, for files
 */

/** @type {import("/static/ops/sections.js").Mount} */
export function mount(root, { t, api, now }) {
  let drawing = 0;
  const redraw = () => {
    drawing ||= requestAnimationFrame(draw);
  };
  const desk = new Desk({ api, now }, redraw);
  /** @type {State} */
  const state = { window: "day", desk, asked: "", cards: new Map() };

  function draw() {
    drawing = 0;
    state.cards.clear();
    patch(root, [page(state, t)]);
  }

  function load(/** @type {boolean} */ fresh) {
    state.asked = query(windowOf(state.window, now()));
    void desk.ask("rides", `/v1/ledger/rides?${state.asked}`, { fresh });
    for (const name of ["trial-balance", "disputes", "days", "conflicts", "devices"]) void desk.ask(name, `/v1/ledger/${name}`);
  }

  async function rule(/** @type {string} */ ride, /** @type {string} */ verdict, /** @type {number} */ n) {
    try {
      await api(`/v1/ledger/disputes/${encodeURIComponent(ride)}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ verdict, n }) });
    } catch {
      return; // the shell has said why
    }
    load(false);
  }

  onPress(root, (act, data) => {
    if (act === "again") load(false);
    if (act === "window") {
      state.window = /** @type {State["window"]} */ (data["window"]);
      load(true);
    }
    if (act === "rule") void rule(String(data["ride"]), String(data["verdict"]), Number(data["n"]));
    if (act === "csv") {
      const card = state.cards.get(String(data["card"]));
      if (card) save(String(data["card"]), card.columns, card.rows);
    }
  });

  load(true);
  const clock = setInterval(() => load(false), REFRESH_MS);
  return () => {
    clearInterval(clock);
    desk.end();
    cancelAnimationFrame(drawing);
  };
}
