/** One ride: what it cost by which rules, what speaks for it, and its entries in the books. Pure. */

import { h } from "/static/shared/dom.js";
import { clock, dayTime } from "/static/ops/report/format.js";
import { card, empty, figure } from "/static/ops/report/parts.js";
import { frame, kept, mark, won } from "/static/ops/fares/frame.js";
import { notes } from "/static/ops/fares/rides.js";

/**
 * @typedef {import("/static/ops/fares/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").RideStory} RideStory
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function ride(state, t) {
  return frame(state, t, { answers: ["ride"], cards: 3, ledger: false }, ([value]) => {
    const story = /** @type {RideStory} */ (value);
    return [
      h("p", { key: "back" }, h("a", { href: "#/fares" }, t("fares.back"))),
      h("dl", { key: "keys", class: "keys" }, keys(story, t)),
      h("div", { key: "cards", class: "cards" }, receipt(state, story, t), evidence(story, t), entries(state, story, t)),
    ];
  });
}

/**
 * @param {RideStory} story
 * @param {Translate} t
 */
function keys({ row }, t) {
  return [
    figure({ name: t("fares.won"), value: won(row.fare_won, t), of: notes(row, t) }),
    figure({ name: t("desk.route"), value: row.route_name, of: row.plate ?? "–" }),
    figure({ name: t("fares.from"), value: clock(row.boarded_ms).slice(0, 5), of: row.board_stop ?? "–" }),
    figure({ name: t("fares.to"), value: row.alighted_ms === null ? "–" : clock(row.alighted_ms).slice(0, 5), of: row.alight_stop ?? "–" }),
    figure({ name: t("fares.confidence.step"), value: `${row.confidence} %`, of: t(`fares.state.${row.state}`) }),
  ];
}

/**
 * @param {State} state
 * @param {RideStory} story
 * @param {Translate} t
 */
function receipt(state, { receipt: found }, t) {
  if (found === null) return empty(t("fares.receipt.none"));
  const columns = [
    { key: "tap", name: t("fares.tap") },
    { key: "at", name: t("desk.time") },
    { key: "won", name: t("fares.won"), number: true },
    { key: "rules", name: t("fares.rules"), wide: true },
  ];
  const rows = found.increments.map((one) => ({
    key: one.tap,
    cells: [t(`fares.tap.${one.tap}`), clock(one.at_ms), won(one.won, t), h("ul", {}, one.rules.map((rule) => h("li", { key: rule }, h("b", {}, rule), " ", t(`rule.${rule}`))))],
    plain: [one.tap, new Date(one.at_ms).toISOString(), one.won, one.rules.join(" ")],
  }));
  return card({ ...kept(state, "receipt", columns, rows), title: t("fares.receipt"), windowText: t("fares.table", { name: found.table }), chart: null, open: true, wide: true }, t);
}

/**
 * @param {RideStory} story
 * @param {Translate} t
 */
function evidence({ ride: known }, t) {
  return h(
    "section",
    { key: "evidence", class: "card figure-card figure-wide", "aria-labelledby": "evidence" },
    h("h2", { id: "evidence" }, t("fares.evidence")),
    known === null ? h("p", { class: "note" }, t("fares.evidence.none")) : mark(known.state, t),
    h("ul", { class: "proofs" }, (known?.evidence ?? []).map((one, i) => h("li", { key: i }, t(`fares.proof.${one.key}`, timed(one.values))))),
  );
}

/**
 * @param {Record<string, string | number>} values
 * @returns {Record<string, string | number>}
 */
function timed(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name.endsWith("_ms") && typeof value === "number" ? clock(value) : value]));
}

/**
 * @param {State} state
 * @param {RideStory} story
 * @param {Translate} t
 */
function entries(state, { entries: found }, t) {
  if (found.length === 0) return null;
  const columns = [
    { key: "id", name: t("fares.entry") },
    { key: "kind", name: t("fares.kind") },
    { key: "day", name: t("fares.day") },
    { key: "at", name: t("desk.time") },
    { key: "account", name: t("fares.account") },
    { key: "won", name: t("fares.amount"), number: true },
  ];
  const rows = found.flatMap((entry) =>
    entry.lines.map((line, i) => ({
      key: `${entry.entry_id}-${i}`,
      cells: [entry.entry_id, t(`fares.kind.${entry.kind}`), entry.day, dayTime(entry.booked_ms), line.account, won(line.won, t)],
      plain: [entry.entry_id, entry.kind, entry.day, new Date(entry.booked_ms).toISOString(), line.account, line.won],
    })),
  );
  return card({ ...kept(state, "entries", columns, rows), title: t("fares.entries"), windowText: "", chart: null, open: true, wide: true }, t);
}
