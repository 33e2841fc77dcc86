/** What a replay looks like: map, strips, list of what was decided, the driver's screen, the story, transport. Pure. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { lane } from "/static/ops/replay/lane.js";
import { SPEEDS } from "/static/ops/replay/player.js";
import { rulesOf } from "/static/ops/replay/shelf_view.js";
import { metres, reason, tell, tellAll } from "/static/ops/replay/story.js";
import { timeline } from "/static/ops/replay/timeline.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/replay/reel.js").Moment} Moment
 * @typedef {import("/static/ops/replay/reel.js").Row} Row
 * @typedef {import("/static/ops/replay/player.js").Player} Player
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayIndex} ReplayIndex
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayJob} ReplayJob
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayPattern} ReplayPattern
 * @typedef {import("/static/ops/replay/replay.d.ts").Comparison} Comparison
 * @typedef {import("/static/ops/replay/replay.d.ts").Fate} Fate
 *
 * One run that is shown. `moment` is null while its chunk is on the way.
 * @typedef {{job: ReplayJob, index: ReplayIndex, patterns: ReplayPattern[], story: Row[], events: Row[], moment: Moment | null}} Run
 * `given`: decisions files on the shelf that have not been looked at beside this run yet.
 * @typedef {{
 *   one: Run, other: Run | null, player: Player, jobs: ReplayJob[], policies: string[], given: string[], comparison: Comparison | null,
 *   patternId: string | null, vehicle: string | null, row: Row | null, asking: string | null, laneWidth: number, stopNames: Map<string, string>,
 * }} FilmState
 */

/** Rows of the list: what was decided last, and a little of what comes. */
const ROWS_BEFORE = 60;
const ROWS_AFTER = 4;
/** More lines than this nobody finds one in. */
const MANY_PATTERNS = 120;

/**
 * @param {FilmState} state
 * @param {Translate} t
 */
export function film(state, t) {
  return [
    head(state, t),
    h(
      "div",
      { key: "stage", class: state.other === null ? "stage" : "stage stage-two" },
      h("canvas", { key: "map", id: "replay-map", class: "stage-map", tabindex: "0", role: "img", "aria-label": t("replay.map") }),
      h("div", { key: "lanes", class: "lanes" }, lanes(state, t)),
      h("div", { key: "side", class: "side" }, cab(state, t), why(state, t), state.comparison === null ? list(state, t) : differences(state, state.comparison, t)),
    ),
    transport(state, t),
  ];
}

/**
 * @param {FilmState} state
 * @param {Translate} t
 */
function head({ one, other, jobs, policies, given, asking }, t) {
  const same = jobs.filter((job) => job.recording === one.job.recording && job.replay_id !== one.job.replay_id && job.state === "done");
  const fresh = policies.filter((name) => ![one.job, ...same].some((job) => job.policy === name && job.decisions === null));
  return h(
    "header",
    { key: "head", class: "film-head" },
    h("a", { class: "button", href: "#/replay" }, t("replay.back")),
    h("h1", {}, one.job.recording, h("span", { class: "rules" }, rulesOf(one.job, t))),
    h(
      "label",
      { class: "compare" },
      h("span", {}, t("replay.compare")),
      h(
        "select",
        { id: "compare", "data-choose": "compare", disabled: asking !== null },
        h("option", { key: "none", value: "", selected: other === null }, t("replay.compare.none")),
        same.map((job) => h("option", { key: job.replay_id, value: `with:${job.replay_id}`, selected: other?.job.replay_id === job.replay_id }, rulesOf(job, t))),
        given.map((name) => h("option", { key: `given-${name}`, value: `given:${name}` }, t("replay.decisions_of", { name }))),
        fresh.map((name) => h("option", { key: name, value: `under:${name}` }, t("replay.compare.fresh", { policy: name }))),
      ),
    ),
    asking === null ? null : h("p", { class: "asking", role: "status" }, t("replay.compare.asking", { policy: asking })),
    one.job.decisions === null ? h("a", { class: "button", href: `/v1/ops/replays/${one.job.replay_id}/decisions`, download: "" }, t("replay.decisions")) : null,
  );
}

// -- strips ------------------------------------------------------------------------

/**
 * @param {FilmState} state
 * @param {Translate} t
 */
function lanes(state, t) {
  const pattern = state.one.patterns.find((each) => each.pattern_id === state.patternId);
  if (pattern === undefined) return h("p", { class: "empty" }, t("replay.no_patterns"));
  const told = state.row?.["alert_id"] === undefined ? null : (state.one.story.findLast((each) => each.type === "telling" && each["alert_id"] === state.row?.["alert_id"] && each.at_ms <= state.player.atMs) ?? null);
  const runs = state.other === null ? [state.one] : [state.one, state.other];
  return [
    h(
      "label",
      { key: "pattern", class: "lane-choice" },
      h("span", {}, t("replay.line")),
      h(
        "select",
        { id: "pattern", "data-choose": "pattern" },
        offered(state.one, pattern).map((each) => h("option", { key: each.pattern_id, value: each.pattern_id, selected: each === pattern }, `${each.route_name} · ${each.headsign || each.pattern_id}`)),
      ),
    ),
    runs.map((run, i) =>
      h(
        "div",
        { key: run.job.replay_id, class: "lane-row" },
        runs.length > 1 ? h("h2", { class: "lane-title" }, h("span", { class: `lane-sign lane-sign-${i}` }, i === 0 ? "A" : "B"), rulesOf(run.job, t)) : null,
        run.moment === null ? h("p", { class: "bone lane-bone" }, h("span", {})) : lane(run.moment, pattern, { vehicle: state.vehicle, told: i === 0 ? told : null, width: state.laneWidth }, t),
      ),
    ),
  ];
}

/**
 * Lines to choose from: all of a town's; of a province's those that are about something now. A bus on the map or a row of
 * the list chooses any.
 *
 * @param {Run} run
 * @param {ReplayPattern} chosen
 * @returns {ReplayPattern[]}
 */
function offered({ patterns, moment }, chosen) {
  if (patterns.length <= MANY_PATTERNS) return patterns;
  const told = [...(moment?.alerts.values() ?? [])].map((alert) => moment?.vehicles.get(alert["vehicle_id"])?.["pattern_id"]);
  const now = new Set([chosen.pattern_id, ...told.slice(0, MANY_PATTERNS)]);
  return patterns.filter((each) => now.has(each.pattern_id));
}

// -- what the driver saw -----------------------------------------------------------

/**
 * @param {FilmState} state
 * @param {Translate} t
 */
function cab(state, t) {
  const runs = state.other === null ? [state.one] : [state.one, state.other];
  if (state.vehicle === null) return h("section", { key: "cab", class: "cab-none" }, t("replay.cab.none"));
  return h(
    "section",
    { key: "cab", class: "cabs", "aria-label": t("replay.cab") },
    runs.map((run, i) => screen(run, String(state.vehicle), runs.length > 1 ? (i === 0 ? "A" : "B") : null, state, t)),
  );
}

/**
 * @param {Run} run
 * @param {string} vehicle
 * @param {string | null} sign
 * @param {FilmState} state
 * @param {Translate} t
 */
function screen(run, vehicle, sign, state, t) {
  const { moment } = run;
  const fix = moment?.vehicles.get(vehicle);
  const alerts = [...(moment?.alerts.values() ?? [])].filter((row) => row["vehicle_id"] === vehicle).sort((a, b) => a["stop_sequence"] - b["stop_sequence"]);
  const alert = alerts[0];
  const pattern = run.patterns.find((each) => each.pattern_id === fix?.["pattern_id"]);
  const stop = pattern?.stops.find((each) => each.stop_sequence === (alert?.["stop_sequence"] ?? fix?.["next_stop_sequence"]));
  const left = stop === undefined || fix?.["progress_m"] == null ? null : stop.along_m - fix["progress_m"];
  return h(
    "article",
    { key: `cab${sign}`, class: alert === undefined ? "cab" : `cab cab-${alert["stage"]}` },
    h("p", { class: "cab-top" }, sign === null ? null : h("b", { class: "cab-sign" }, sign), h("b", {}, pattern?.route_name ?? "–"), h("span", {}, pattern?.headsign ?? ""), h("span", { class: "cab-plate" }, vehicle)),
    h(
      "div",
      { class: "cab-band" },
      h("p", { class: "cab-stop" }, alert?.["stop_name"] ?? stop?.name ?? "–"),
      alert === undefined ? h("p", { class: "cab-rest" }, t("replay.cab.rest")) : h("p", { class: "cab-counts" }, count("person", alert["boarding"], t("ops.kind.board")), count("stop", alert["alighting"], t("ops.kind.alight")), /** @type {string[]} */ (alert["needs"] ?? []).map((need) => h("span", { key: need, class: "cab-need" }, icon(need), h("span", { class: "spoken" }, t(`need.${need}`))))),
      left === null ? null : h("p", { class: "cab-left" }, t("replay.m", { n: metres(Math.max(0, left)) })),
    ),
    h("p", { class: "cab-said" }, shownWords(alert, moment, vehicle, state, t)),
  );
}

/**
 * @param {string} name
 * @param {number} n
 * @param {string} words
 */
function count(name, n, words) {
  return n === 0 ? null : h("span", { key: name, class: `cab-count cab-${name}` }, icon(name), h("span", { class: "spoken" }, words), String(n));
}

/**
 * @param {Row | undefined} alert
 * @param {Moment | null} moment
 * @param {string} vehicle
 * @param {FilmState} state
 * @param {Translate} t
 */
function shownWords(alert, moment, vehicle, state, t) {
  const { timezone } = state.one.index;
  if (alert !== undefined) {
    const shown = moment?.shown.get(alert["alert_id"]);
    return shown === undefined ? t("replay.cab.sent", { stage: t(`replay.stage.${alert["stage"]}`) }) : t("replay.cab.shown", { time: clock(shown, timezone) });
  }
  const cleared = moment?.cleared.get(vehicle);
  return cleared === undefined ? "" : t("replay.cab.cleared", { stop: cleared["stop_name"] ?? "", outcome: t(`replay.outcome.${cleared["outcome"]}`), time: clock(cleared.at_ms, timezone) });
}

// -- why -----------------------------------------------------------------------------

/**
 * The story of what was chosen; beside another run, that run's story of the same bell too.
 *
 * @param {FilmState} state
 * @param {Translate} t
 */
function why(state, t) {
  const { row, other } = state;
  if (row === null) return null;
  return h(
    "section",
    { key: "why", class: "why", "aria-labelledby": "why-name" },
    h("div", { class: "why-head" }, h("h2", { id: "why-name" }, t("replay.why")), h("button", { type: "button", class: "button why-close", "data-act": "close-why" }, t("ops.close"))),
    h("p", { class: "why-what" }, clock(row.at_ms, state.one.index.timezone), " · ", said(row, state, t)),
    other === null || row["bell_id"] === undefined ? story(state.one, tell(state.one.story, row), null, t) : [state.one, other].map((run, i) => story(run, tellAll(run.story, row["bell_id"]), i === 0 ? "A" : "B", t)),
  );
}

/**
 * @param {Run} run
 * @param {import("/static/ops/replay/story.js").Tale} tale
 * @param {string | null} sign
 * @param {Translate} t
 */
function story(run, tale, sign, t) {
  return h(
    "article",
    { key: `story${sign}`, class: "why-story" },
    sign === null ? null : h("h3", {}, h("span", { class: sign === "A" ? "lane-sign" : "lane-sign lane-sign-1" }, sign), rulesOf(run.job, t)),
    tale.lines.length === 0 ? h("p", { class: "quiet" }, t("replay.why.unknown")) : h("ol", { class: "why-lines" }, tale.lines.map((line, i) => h("li", { key: String(i) }, t(line.key, line.values)))),
    tale.rows.length === 0 ? null : considered(tale.rows, t),
    tale.raw.length === 0 ? null : h("details", { class: "why-raw" }, h("summary", {}, "JSON"), h("pre", { tabindex: "0" }, tale.raw.map((each) => JSON.stringify(each, null, 1)).join("\n"))),
  );
}

/**
 * @param {import("/static/ops/replay/story.js").Considered[]} rows
 * @param {Translate} t
 */
function considered(rows, t) {
  return h(
    "table",
    { class: "considered" },
    h("thead", {}, h("tr", {}, ["bus", "left", "commit", "eta", "verdict"].map((name) => h("th", { key: name, scope: "col" }, t(`replay.why.head.${name}`))))),
    h(
      "tbody",
      {},
      rows.map((row) =>
        h(
          "tr",
          { key: row.vehicle, class: row.chosen ? "considered-chosen" : "" },
          h("th", { scope: "row" }, row.vehicle),
          h("td", {}, t("replay.m", { n: metres(row.leftM) })),
          h("td", {}, t("replay.m", { n: metres(row.commitM) })),
          h("td", {}, t("replay.lasts.s", { n: Math.round(row.etaS) })),
          h("td", {}, t(row.why.key, row.why.values)),
        ),
      ),
    ),
  );
}

// -- what was decided ----------------------------------------------------------------

/**
 * @param {FilmState} state
 * @param {Translate} t
 */
function list(state, t) {
  const { events } = state.one;
  const after = events.findIndex((row) => row.at_ms > state.player.atMs);
  const end = after === -1 ? events.length : after;
  const rows = events.slice(Math.max(0, end - ROWS_BEFORE), end + ROWS_AFTER).reverse();
  return h(
    "section",
    { key: "list", class: "told", "aria-labelledby": "list-name" },
    h("h2", { id: "list-name" }, t("replay.list")),
    rows.length === 0 ? h("p", { class: "empty" }, t("replay.list.empty")) : null,
    h(
      "ul",
      {},
      rows.map((row) => {
        const at = events.indexOf(row);
        const chosen = state.row === row;
        return h(
          "li",
          { key: String(at), class: row.at_ms > state.player.atMs ? "told-row told-later" : "told-row" },
          h("button", { type: "button", "data-act": "why", "data-at": at, "aria-pressed": String(chosen) }, h("span", { class: "told-time" }, clock(row.at_ms, state.one.index.timezone)), h("span", { class: `told-sign told-${row.type}` }), h("span", {}, said(row, state, t))),
        );
      }),
    ),
  );
}

/**
 * One row in words.
 *
 * @param {Row} row
 * @param {FilmState} state
 * @param {Translate} t
 */
function said(row, state, t) {
  const stop = row["stop_name"] ?? state.stopNames.get(row["stop_id"]) ?? row["stop_id"] ?? "";
  const vehicle = row["vehicle_id"] ?? "";
  switch (row.type) {
    case "bell":
      return t(vehicle === "" ? "replay.said.bell" : "replay.said.bell.bus", { stop, vehicle, state: t(`ops.bell.${row["state"]}`) });
    case "alert":
      return t("replay.said.alert", { stop, vehicle, stage: t(`replay.stage.${row["stage"]}`), n: row["boarding"] + row["alighting"] });
    case "clear":
      return t("replay.said.clear", { vehicle, outcome: t(`replay.outcome.${row["outcome"]}`) });
    case "refused":
      return t("replay.said.refused", { reason: reasonWords(row["reason"], t) });
    case "respond":
      return t("replay.said.respond", { vehicle, answer: t(`replay.answer.${row["answer"]}`) });
    case "cancel":
      return t("replay.said.cancel");
    default:
      return t("replay.said.ring", { stop, route: state.one.patterns.find((each) => each.route_id === row["route_id"])?.route_name ?? row["route_id"] ?? "" });
  }
}

/**
 * @param {string} code
 * @param {Translate} t
 */
function reasonWords(code, t) {
  const words = reason(code);
  return t(words.key, words.values);
}

// -- two runs ------------------------------------------------------------------------

/**
 * @param {FilmState} state
 * @param {Comparison} comparison
 * @param {Translate} t
 */
function differences(state, comparison, t) {
  const [one, other] = [state.one.job.replay_id, state.other?.job.replay_id];
  return h(
    "section",
    { key: "differences", class: "told differences", "aria-labelledby": "differences-name" },
    h(
      "div",
      { class: "why-head" },
      h("h2", { id: "differences-name" }, t("replay.differences", { n: comparison.differences.length, all: comparison.bells })),
      h("a", { class: "button", href: `/v1/ops/replays/${one}/differences?other=${other}&format=csv`, download: "" }, "CSV"),
    ),
    h("p", { class: "quiet" }, t("replay.differences.alerts", { one: comparison.alerts[0], other: comparison.alerts[1] })),
    comparison.differences.length === 0
      ? h("p", { class: "empty" }, t("replay.differences.none"))
      : h(
          "div",
          { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "differences-name" },
          h(
            "table",
            {},
            h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("replay.diff.rung")), h("th", { scope: "col" }, t("replay.diff.stop")), h("th", { scope: "col" }, "A"), h("th", { scope: "col" }, "B"))),
            h(
              "tbody",
              {},
              comparison.differences.slice(0, 300).map((row) =>
                h(
                  "tr",
                  { key: row.bell_id },
                  h("th", { scope: "row" }, h("button", { type: "button", class: "link", "data-act": "difference", "data-ms": row.rung_ms, "data-bell": row.bell_id }, clock(row.rung_ms, state.one.index.timezone))),
                  h("td", {}, state.stopNames.get(row.stop_id) ?? (row.stop_id || "–")),
                  h("td", {}, fate(row.one, row.rung_ms, t)),
                  h("td", {}, fate(row.other, row.rung_ms, t)),
                ),
              ),
            ),
          ),
        ),
  );
}

/**
 * @param {Fate} fate
 * @param {number} rungMs
 * @param {Translate} t
 */
function fate(fate, rungMs, t) {
  if (fate.refused !== null) return t("replay.fate.refused", { reason: reasonWords(fate.refused, t) });
  if (fate.state === null) return t("replay.fate.none");
  const state = t(`ops.bell.${fate.state}`);
  const bus = fate.vehicle_id ?? t("replay.fate.no_bus");
  return fate.told_ms === null ? t("replay.fate.untold", { bus, state }) : t("replay.fate", { bus, state, s: Math.round((fate.told_ms - rungMs) / 1000) });
}

// -- transport -------------------------------------------------------------------------

/**
 * @param {FilmState} state
 * @param {Translate} t
 */
function transport({ one, player }, t) {
  const { timezone } = one.index;
  return h(
    "footer",
    { key: "transport", class: "transport" },
    h(
      "div",
      { class: "transport-keys" },
      key("step-back", t("replay.step.back"), "M6 5h2.4v14H6V5Zm12 0v14l-8-7 8-7Z"),
      key("toggle", t(player.playing ? "replay.pause" : "replay.play"), player.playing ? "M6 5h4v14H6V5Zm8 0h4v14h-4V5Z" : "M7 4.5 19 12 7 19.5v-15Z", "transport-play"),
      key("step", t("replay.step"), "M15.6 5H18v14h-2.4V5ZM6 5l8 7-8 7V5Z"),
      h("p", { class: "transport-clock" }, clock(player.atMs, timezone)),
      h(
        "div",
        { class: "speeds", role: "group", "aria-label": t("replay.speed") },
        SPEEDS.map((speed) => h("button", { key: String(speed), type: "button", "data-act": "speed", "data-speed": speed, "aria-pressed": String(speed === player.speed) }, t("replay.times", { n: speed }))),
      ),
      one.moment === null ? h("p", { class: "loading", role: "status" }, t("replay.loading")) : null,
    ),
    h(
      "div",
      { class: "strip" },
      timeline(one.index, player),
      h("input", { id: "seek", type: "range", min: player.fromMs, max: player.toMs, step: 1000, "aria-label": t("replay.seek"), "aria-valuetext": clock(player.atMs, timezone) }),
    ),
    h("p", { class: "legend" }, ["rings", "alerts", "fixes", "passed"].map((name) => h("span", { key: name, class: `legend-${name}` }, t(`replay.legend.${name}`))), h("span", { class: "legend-ends" }, `${clock(player.fromMs, timezone)} – ${clock(player.toMs, timezone)}`)),
  );
}

/**
 * @param {string} act
 * @param {string} words
 * @param {string} d
 * @param {string} [more]
 */
function key(act, words, d, more = "") {
  return h("button", { key: act, type: "button", class: `transport-key ${more}`.trim(), "data-act": act, "aria-label": words, title: words }, h("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d })));
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const CLOCKS = new Map();

/**
 * @param {number} atMs
 * @param {string} timezone  the network's own: an operator elsewhere reads the street's clock
 */
export function clock(atMs, timezone) {
  const known = CLOCKS.get(timezone) ?? new Intl.DateTimeFormat("en-GB", { timeZone: timezone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
  CLOCKS.set(timezone, known);
  return known.format(atMs);
}
