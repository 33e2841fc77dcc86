/** What stands on the map: buttons, legend, words about its state, the chosen bus. State in, nodes out. Pure. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { ageWords } from "/static/shared/time.js";
import { KINDS } from "/static/ops/live/fleet.js";
import { kindWords, sign } from "/static/ops/live/signs.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow
 * @typedef {import("/static/ops/live/state.js").State} State
 * @typedef {import("/static/ops/live/view.js").Shown} Shown
 */

/**
 * What stands on the map: words about its state, the legend, the chosen bus.
 *
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
export function overMap(state, shown, t) {
  const slot = state.chosen === null ? undefined : shown.fleet.slotOf(state.chosen);
  return [
    h(
      "div",
      { key: "zoom", class: "zoom" },
      button("in", "+", t("live.zoom.in")),
      button("out", "−", t("live.zoom.out")),
      button("fit", "⤢", t("live.zoom.all")),
    ),
    h(
      "ul",
      { key: "legend", class: "legend", "aria-label": t("live.legend") },
      KINDS.map((kind) => h("li", { key: kind }, sign(kind), t(`live.kind.${kind}`))),
      h("li", { key: "ring" }, h("span", { class: "mark mark-ring" }), t("live.kind.bell")),
    ),
    shown.tilesBy === "" ? null : h("p", { key: "tiles", class: "tiles-by" }, shown.tilesBy),
    state.map === "failed" ? h("p", { key: "failed", class: "map-word", role: "alert" }, t("live.map.failed"), h("button", { class: "button", type: "button", "data-act": "map again" }, t("ops.failed.retry"))) : null,
    state.map === "waiting" ? h("p", { key: "waiting", class: "map-word map-waiting" }, t("live.map.waiting")) : null,
    state.link.live || state.buses === "waiting" ? null : lost(state, t),
    slot === undefined ? null : card(slot, state, shown, t),
  ];
}

/**
 * The sentence is said once; the age that ticks beside it is only to be seen.
 *
 * @param {State} state
 * @param {Translate} t
 */
function lost(state, t) {
  const age = ageWords((state.nowMs - state.link.heardMs) / 1000);
  return h(
    "p",
    { key: "old", class: "map-word map-old" },
    h("span", { role: "alert" }, t("live.lost")),
    h("span", { "aria-hidden": "true" }, t("live.lost.age", { age: t(age.key, age.values) })),
  );
}

/**
 * @param {string} act
 * @param {string} face
 * @param {string} label
 */
function button(act, face, label) {
  return h("button", { key: act, type: "button", class: "zoom-button", "data-act": act, "aria-label": label, title: label }, face);
}

/**
 * @param {number} slot
 * @param {State} state
 * @param {Shown} shown
 * @param {Translate} t
 */
function card(slot, state, { fleet, garages }, t) {
  const row = /** @type {VehicleRow} */ (fleet.rows[slot]);
  const age = ageWords(fleet.ageS(slot, state.nowMs));
  const speed = /** @type {number} */ (fleet.speedMps[slot]);
  return h(
    "section",
    { key: "card", class: "bus-card", "aria-label": t("live.card", { plate: row.plate }) },
    h(
      "header",
      {},
      h("h2", {}, row.route_name ?? t("ops.unknown")),
      h("p", {}, row.plate),
      h("button", { type: "button", class: "close", "data-act": "close card", "aria-label": t("ops.close") }, icon("cross")),
    ),
    h(
      "dl",
      {},
      fact("state", kindWords(fleet, slot, t), t),
      fact("next", row.next_stop_name ?? "–", t),
      fact("speed", Number.isNaN(speed) ? "–" : t("ops.kmh", { n: Math.round(speed * 3.6) }), t),
      fact("age", t(age.key, age.values), t),
      fact("terminal", t(`ops.terminal.${row.terminal}`), t),
      fact("alerts", row.alerts, t),
      row.garage === null || garages.length < 2 ? null : fact("garage", row.garage, t),
    ),
    h(
      "div",
      { class: "card-buttons" },
      h("button", { type: "button", class: "button", "data-act": "follow", "aria-pressed": String(state.follows) }, t(state.follows ? "live.following" : "live.follow")),
      row.route_id === null ? null : h("button", { type: "button", class: "button", "data-act": "strip", "data-route": row.route_id }, t("live.strip.open")),
    ),
  );
}

/**
 * @param {string} name
 * @param {import("/static/shared/dom.js").Loose} value
 * @param {Translate} t
 */
function fact(name, value, t) {
  return h("div", { key: name, class: "fact" }, h("dt", {}, t(`live.fact.${name}`)), h("dd", {}, value));
}
