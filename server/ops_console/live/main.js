/** The live section: connects the socket, state and view. The only module here that touches document and clock. */

import { onPress, patch } from "/static/shared/dom.js";
import { walkRows, walkTabs } from "/static/ops/live/keys.js";
import { listen } from "/static/ops/live/socket.js";
import { initial, step } from "/static/ops/live/state.js";
import * as view from "/static/ops/live/view.js";

const TICK_MS = 1_000;

/** @type {import("/static/ops/sections.js").Mount} */
export function mount(root, { t, session }) {
  let state = initial(Date.now());
  let drawing = 0;

  /** @param {import("/static/ops/live/state.js").Event} event */
  function dispatch(event) {
    const next = step(state, event, Date.now());
    state = next.state;
    for (const effect of next.effects) session.send(effect.message);
    drawing ||= requestAnimationFrame(draw);
  }

  function draw() {
    drawing = 0;
    patch(root, view.page(state, t));
  }

  onPress(root, (act, data) => {
    const section = data["section"] === "bells" ? "bells" : "buses";
    if (act === "section") dispatch({ type: "section", section });
    if (act === "order") dispatch({ type: "order", section, column: String(data["column"]) });
  });
  root.addEventListener("input", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.id === "search") {
      dispatch({ type: "search", text: event.target.value });
    }
  });
  walkTabs(root, (section) => dispatch({ type: "section", section }));
  walkRows(root);
  draw();
  const deaf = session.listen(listen(dispatch));
  const clock = setInterval(() => dispatch({ type: "tick" }), TICK_MS);
  return () => {
    deaf();
    clearInterval(clock);
    cancelAnimationFrame(drawing);
  };
}
