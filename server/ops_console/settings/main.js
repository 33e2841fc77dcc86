/** The section of settings: what runs here, read only. The only module here that touches the document. */

import { onPress, patch } from "/static/shared/dom.js";
import { Desk } from "/static/ops/report/desk.js";
import { page } from "/static/ops/settings/view.js";

/** @type {import("/static/ops/sections.js").Mount} */
export function mount(root, { t, lang, api, now }) {
  let drawing = 0;
  const redraw = () => {
    drawing ||= requestAnimationFrame(draw);
  };
  const desk = new Desk({ api, now }, redraw);

  function draw() {
    drawing = 0;
    patch(root, [page(desk, t, lang)]);
  }

  onPress(root, (act) => {
    if (act === "again") void desk.ask("about", "/v1/ops/about");
    if (act === "sign-out") void signOut();
  });

  async function signOut() {
    await api("/v1/session/operator", { method: "DELETE" });
    await api("/v1/session/inspector", { method: "DELETE" });
    location.reload();
  }

  void desk.ask("about", "/v1/ops/about");
  return () => {
    desk.end();
    cancelAnimationFrame(drawing);
  };
}
