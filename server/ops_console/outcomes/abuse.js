/** Who came too often and what was done about it; nobody is named. Pure. */

import { h } from "/static/shared/dom.js";
import { count, dayTime } from "/static/ops/report/format.js";
import { card, empty, figure } from "/static/ops/report/parts.js";
import { frame, kept } from "/static/ops/outcomes/frame.js";

/**
 * @typedef {import("/static/ops/outcomes/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").Abuse} Abuse
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function page(state, t) {
  return frame(state, t, { answer: "abuse", cards: 3 }, (value) => {
    const abuse = /** @type {Abuse} */ (value);
    return [
      h("p", { key: "said", class: "note" }, t("abuse.said")),
      h(
        "dl",
        { key: "keys", class: "keys" },
        figure({ name: t("abuse.turned_away"), value: count(abuse.count), of: t("abuse.turned_away.of", { n: abuse.turned_away.length }) }),
        abuse.limits.map((limit) => figure({ name: t(`abuse.limit.${limit.what}`), value: t("abuse.per_min", { n: limit.per_min }), of: t("abuse.burst", { n: limit.burst }) })),
      ),
      h("div", { key: "cards", class: "cards" }, turnedAway(state, abuse, t), riders(state, abuse, t), rushes(state, abuse, t)),
    ];
  });
}

/**
 * @param {State} state
 * @param {Abuse} abuse
 * @param {Translate} t
 */
function turnedAway(state, abuse, t) {
  const columns = [
    { key: "at", name: t("desk.time") },
    { key: "what", name: t("abuse.door") },
    { key: "who", name: t("abuse.who") },
    { key: "count", name: t("desk.count"), number: true },
  ];
  const rows = [...abuse.turned_away].reverse().map((one, i) => ({
    key: String(i),
    cells: [dayTime(one.at_ms), t(`abuse.door.${one.what}`), one.who, count(one.count)],
    plain: [dayTime(one.at_ms), one.what, one.who, one.count],
  }));
  return filled(state, "turned-away", t("abuse.turned_away"), abuse, columns, rows, abuse.count, t);
}

/**
 * @param {State} state
 * @param {Abuse} abuse
 * @param {Translate} t
 */
function riders(state, abuse, t) {
  const columns = [
    { key: "who", name: t("abuse.who") },
    { key: "bells", name: t("outcomes.bells"), number: true },
    { key: "cancelled", name: t("ops.bell.cancelled"), number: true },
    { key: "expired", name: t("ops.bell.expired"), number: true },
    { key: "served", name: t("ops.bell.served"), number: true },
    { key: "last", name: t("abuse.last") },
  ];
  const rows = abuse.riders.map((one, i) => ({
    key: String(i),
    cells: [one.who, count(one.bells), count(one.cancelled), count(one.expired), count(one.served), dayTime(one.last_ms)],
    plain: [one.who, one.bells, one.cancelled, one.expired, one.served, dayTime(one.last_ms)],
  }));
  return filled(state, "riders", t("abuse.riders"), abuse, columns, rows, abuse.riders.length, t);
}

/**
 * @param {State} state
 * @param {Abuse} abuse
 * @param {Translate} t
 */
function rushes(state, abuse, t) {
  const columns = [
    { key: "stop", name: t("desk.stop") },
    { key: "from", name: t("desk.time") },
    { key: "rings", name: t("abuse.rings"), number: true },
    { key: "riders", name: t("abuse.people"), number: true },
    { key: "cancelled", name: t("ops.bell.cancelled"), number: true },
  ];
  const rows = abuse.rushes.map((one, i) => ({
    key: String(i),
    cells: [one.stop_name, dayTime(one.from_ms), count(one.rings), count(one.riders), count(one.cancelled)],
    plain: [one.stop_name, dayTime(one.from_ms), one.rings, one.riders, one.cancelled],
  }));
  return filled(state, "rushes", t("abuse.rushes"), abuse, columns, rows, abuse.rushes.length, t);
}

/**
 * @param {State} state
 * @param {string} id
 * @param {string} title
 * @param {{from_ms: number, to_ms: number}} window
 * @param {import("/static/ops/report/parts.js").Column[]} columns
 * @param {import("/static/ops/report/parts.js").Row[]} rows
 * @param {number} n
 * @param {Translate} t
 */
function filled(state, id, title, { from_ms, to_ms }, columns, rows, n, t) {
  const windowText = t("desk.window", { from: dayTime(from_ms), to: dayTime(to_ms), what: t("desk.times", { n: count(n) }) });
  if (rows.length === 0) return h("section", { key: id, class: "card figure-card" }, h("h2", {}, title), h("p", { class: "window" }, windowText), empty(t("abuse.none")));
  return card({ ...kept(state, id, columns, rows), title, windowText, chart: null, open: true, wide: true }, t);
}
