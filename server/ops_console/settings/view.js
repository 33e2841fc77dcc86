/** What runs here: version, network, rules with their numbers, how long things are kept. Pure. */

import { h } from "/static/shared/dom.js";
import { dayTime } from "/static/ops/report/format.js";
import { bones, head, stale, table } from "/static/ops/report/parts.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").About} About
 */

/**
 * @param {import("/static/ops/report/desk.js").Desk} desk
 * @param {Translate} t
 * @param {string} lang
 */
export function page(desk, t, lang) {
  const { value, problem } = desk.get("about");
  return h(
    "div",
    { class: "desk" },
    head(t("ops.section.settings"), h("button", { type: "button", class: "button", "data-act": "sign-out" }, t("settings.sign_out"))),
    h("p", { key: "said", class: "note" }, t("settings.said")),
    problem === null ? null : stale(problem, null, t),
    value === null ? (problem === null ? bones(3, t) : null) : content(/** @type {About} */ (value), t, lang),
  );
}

/**
 * @param {About} about
 * @param {Translate} t
 * @param {string} lang
 */
function content(about, t, lang) {
  return h(
    "div",
    { key: "cards", class: "cards cards-two" },
    facts("server", t("settings.server"), [
      [t("settings.version"), about.version],
      [t("settings.started"), dayTime(about.started_ms)],
      [t("settings.mode"), about.demo ? t("settings.mode.demo") : t("settings.mode.service")],
      [t("settings.login"), t(`settings.login.${about.login}`)],
    ]),
    facts("network", t("settings.network"), Object.entries(about.network).map(([name, one]) => [t(`settings.network.${name}`), one === null ? "–" : String(one)])),
    facts("retention", t("settings.retention"), Object.entries(about.retention).map(([name, kept]) => [t(`settings.retention.${name}`), kept === "forever" || kept === "memory" ? t(`settings.kept.${kept}`) : t("settings.kept.days", { n: kept })])),
    policy(about, t, lang),
  );
}

/**
 * @param {string} key
 * @param {string} title
 * @param {(string | number)[][]} rows
 */
function facts(key, title, rows) {
  return h(
    "section",
    { key, class: "card figure-card" },
    h("h2", {}, title),
    h("dl", { class: "facts" }, rows.map(([name, one]) => h("div", { key: String(name) }, h("dt", {}, String(name)), h("dd", {}, String(one))))),
  );
}

/**
 * @param {About} about
 * @param {Translate} t
 * @param {string} lang
 */
function policy(about, t, lang) {
  const columns = [
    { key: "name", name: t("settings.rule") },
    { key: "value", name: t("settings.number"), number: true },
    { key: "default", name: t("settings.default"), number: true },
    { key: "source", name: t("settings.source"), wide: true },
  ];
  const rows = about.policy.map((one) => ({
    key: one.name,
    cells: [one.name, h(one.value === one.default ? "span" : "b", {}, String(one.value)), String(one.default), h("span", { lang: "en" }, one.source)],
    plain: [],
  }));
  return h(
    "section",
    { key: "policy", class: "card figure-card figure-wide" },
    h("h2", { id: "policy-title" }, t("settings.policy", { name: about.policy_name, version: about.policy_version })),
    h("p", { class: "note" }, t("settings.policy.said", { names: about.policies.join(", ") }), lang === "ko" ? ` ${t("settings.policy.english")}` : ""),
    h("div", { class: "long" }, table(columns, rows, "policy-title")),
  );
}
