/** The tab "my stops": search, what is near as map and list, and the open stop's board in its line. State in, nodes out. */

import { h } from "/static/shared/dom.js";
import { icon } from "/static/shared/icons.js";
import { lines } from "/static/rider/stop/board.js";
import { board, boardAge } from "/static/rider/stop/view.js";
import { RADII_M, listed } from "/static/rider/ride/finder.js";
import { map } from "/static/rider/ride/map.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/rider/ride/state.js").State} State
 * @typedef {import("/static/rider/ride/finder.js").Listed} Listed
 */

/**
 * @param {State} state
 * @param {Translate} t
 */
export function stops(state, t) {
  const { finder } = state;
  return [search(state, t), finder.query.trim() === "" ? nearMap(state, t) : null, list(state, t)];
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function search({ finder }, t) {
  return h(
    "form",
    { class: "search", role: "search", "data-form": "search" },
    h("input", {
      id: "query",
      type: "search",
      name: "q",
      maxlength: 60,
      autocomplete: "off",
      enterkeyhint: "search",
      "aria-label": t("stops.search"),
      placeholder: t("stops.search"),
    }),
    h(
      "button",
      { type: "button", class: "locate", "data-act": "locate", "aria-busy": finder.locating ? "true" : null },
      icon("gps"),
      t(finder.locating ? "stops.locating" : finder.here === null ? "stops.locate" : "stops.locate_again"),
    ),
  );
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function nearMap({ finder, at }, t) {
  if (finder.here === null) return null;
  return h(
    "div",
    { class: "map-frame" },
    map(finder, at.stop),
    h(
      "div",
      { class: "map-zoom" },
      h("button", { type: "button", "data-act": "closer", "aria-label": t("map.closer"), "aria-disabled": finder.radiusM === RADII_M[0] ? "true" : null }, "+"),
      h("button", { type: "button", "data-act": "farther", "aria-label": t("map.farther"), "aria-disabled": finder.radiusM === RADII_M.at(-1) ? "true" : null }, "−"),
    ),
  );
}

/**
 * @param {State} state
 * @param {Translate} t
 */
function list(state, t) {
  const all = listed(state.finder);
  const note = noteOf(state, all, t);
  return [
    note === null ? null : h("p", { key: "note", class: "empty" }, note),
    h("ul", { id: "stops", "aria-label": t("stops.list") }, all.map((stop) => stopLine(stop, state, t))),
  ];
}

/**
 * @param {State} state
 * @param {Listed[]} all
 * @param {Translate} t
 * @returns {string | null}
 */
function noteOf({ finder }, all, t) {
  if (finder.failed) return t("stops.failed");
  const searching = finder.query.trim() !== "";
  if (searching) return finder.found === null ? t("stops.looking") : all.length === 0 ? t("stops.none_found") : null;
  if (finder.noPlace !== null) return t(`stops.nowhere.${finder.noPlace}`);
  if (finder.here !== null && finder.near !== null && finder.near.length === 0) return t("stops.none_near");
  return all.length === 0 && !finder.locating && finder.here === null ? t("stops.start") : null;
}

/**
 * @param {Listed} stop
 * @param {State} state
 * @param {Translate} t
 */
function stopLine(stop, state, t) {
  const open = stop.stop_id === state.at.stop.stop_id;
  const about = [stop.code, stop.towards === "" ? "" : t("stops.towards", { name: stop.towards })].filter((one) => one !== "");
  return h(
    "li",
    { key: stop.stop_id, class: open ? "stop stop-open" : "stop" },
    h(
      "div",
      { class: "stop-head" },
      h(
        "button",
        { type: "button", class: "stop-name", "data-act": "open", "data-stop": stop.stop_id, "aria-expanded": String(open) },
        h("strong", {}, stop.name),
        h("span", { class: "stop-about" }, about.join(" · ")),
      ),
      stop.distanceM === null ? null : h("span", { class: "stop-away" }, t("stops.metres", { n: stop.distanceM })),
      h(
        "button",
        { type: "button", class: stop.favourite ? "star star-on" : "star", "data-act": "star", "data-stop": stop.stop_id, "aria-pressed": String(stop.favourite), "aria-label": t("star.of", { name: stop.name }) },
        icon(stop.favourite ? "star" : "star_open"),
      ),
    ),
    open ? openBoard(state, t) : null,
  );
}

/**
 * The same rows and bells as on the stop's own page.
 *
 * @param {State} state
 * @param {Translate} t
 */
function openBoard({ at }, t) {
  return h(
    "div",
    { class: "stop-board" },
    h("ul", { id: "board", tabindex: "-1", "aria-busy": String(at.board === null), "aria-label": t("stops.board", { name: at.stop.name }) }, board(at, t)),
    at.board !== null && lines(at).length > 0 ? h("p", { class: "age" }, boardAge(at, t)) : null,
  );
}
