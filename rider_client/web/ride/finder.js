/** Which stops the rider app lists: favourites, those near a place, those that a text finds; and the map's twin of it. Pure. */

/**
 * @typedef {import("/static/rider/ride/api.js").StopItem} StopItem
 * @typedef {import("/static/rider/ride/api.js").BusItem} BusItem
 * @typedef {import("/static/rider/ride/api.js").Feature} Feature
 * @typedef {import("/static/shared/favourites.js").Favourite} Favourite
 * @typedef {{lat: number, lon: number, accuracy_m: number}} Here
 * @typedef {"denied" | "unavailable"} NoPlace
 *
 * @typedef {{
 *   lang: string,
 *   query: string,
 *   found: StopItem[] | null,
 *   failed: boolean,
 *   here: Here | null,
 *   locating: boolean,
 *   noPlace: NoPlace | null,
 *   near: StopItem[] | null,
 *   favourites: Favourite[],
 *   buses: BusItem[],
 *   busesMs: number,
 *   features: Feature[],
 *   radiusM: number,
 *   names: Record<string, string>,
 * }} Finder  `names`: of stops where a bell is open
 *
 * @typedef {(
 *   | {type: "query", text: string}
 *   | {type: "found", text: string, stops: StopItem[] | null}
 *   | {type: "locate"}
 *   | {type: "here", here: Here}
 *   | {type: "nowhere", why: NoPlace}
 *   | {type: "near", stops: StopItem[] | null}
 *   | {type: "buses", buses: BusItem[]}
 *   | {type: "map", features: Feature[]}
 *   | {type: "zoom", closer: boolean}
 *   | {type: "favourites", favourites: Favourite[]}
 *   | {type: "stop", stop: StopItem}
 *   | {type: "look again"}
 * )} Event
 *
 * @typedef {(
 *   | {type: "ask stops", text: string}
 *   | {type: "ask near", here: Here, radiusM: number}
 *   | {type: "ask buses", here: Here, radiusM: number}
 *   | {type: "ask map", here: Here, radiusM: number}
 *   | {type: "ask place"}
 *   | {type: "ask stop", stopId: string}
 * )} Effect
 * @typedef {{finder: Finder, effects: Effect[]}} Step
 */

/** Half the width of the map, from a street corner to a walk of ten minutes. */
export const RADII_M = [250, 500, 1000];
/** The map is 4 : 3; its corners are so many times half its width away. List and map show the same stops. */
const CORNERS = 1.25;
/** Buses on the map are asked for again after this long. */
const BUSES_EVERY_MS = 5_000;

/**
 * @param {string} lang
 * @param {Favourite[]} favourites
 * @returns {Finder}
 */
export function initialFinder(lang, favourites) {
  return {
    lang,
    query: "",
    found: null,
    failed: false,
    here: null,
    locating: false,
    noPlace: null,
    near: null,
    favourites,
    buses: [],
    busesMs: 0,
    features: [],
    radiusM: 500,
    names: {},
  };
}

/**
 * @param {Finder} finder
 * @param {Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
export function find(finder, event, nowMs) {
  switch (event.type) {
    case "query":
      return asked(finder, event.text);
    case "found":
      return event.text === finder.query.trim() ? still({ ...finder, found: event.stops, failed: event.stops === null }) : still(finder);
    case "locate":
      return { finder: { ...finder, locating: true, noPlace: null }, effects: [{ type: "ask place" }] };
    case "here":
      return at({ ...finder, here: event.here, locating: false, noPlace: null, busesMs: nowMs });
    case "nowhere":
      return still({ ...finder, locating: false, noPlace: event.why });
    case "near":
      return still({ ...finder, near: event.stops ?? finder.near, failed: event.stops === null });
    case "buses":
      return still({ ...finder, buses: event.buses });
    case "map":
      return still({ ...finder, features: event.features });
    case "zoom":
      return zoomed(finder, event.closer);
    case "favourites":
      return still({ ...finder, favourites: event.favourites });
    case "stop":
      return still({ ...finder, names: { ...finder.names, [event.stop.stop_id]: inLang(event.stop.name, event.stop.names, finder.lang) } });
    case "look again":
      return lookAgain(finder, nowMs);
  }
}

/**
 * @param {Finder} finder
 * @returns {Step}
 */
function still(finder) {
  return { finder, effects: [] };
}

/**
 * @param {Finder} finder
 * @param {string} text
 * @returns {Step}
 */
function asked(finder, text) {
  const wanted = text.trim();
  const next = { ...finder, query: text, found: wanted === finder.query.trim() ? finder.found : null, failed: false };
  return { finder: next, effects: wanted === "" ? [] : [{ type: "ask stops", text: wanted }] };
}

/**
 * The place is known: what is near?
 *
 * @param {Finder} finder
 * @returns {Step}
 */
function at(finder) {
  const here = /** @type {Here} */ (finder.here);
  const { radiusM } = finder;
  return {
    finder,
    effects: [
      { type: "ask near", here, radiusM: radiusM * CORNERS },
      { type: "ask map", here, radiusM },
      { type: "ask buses", here, radiusM },
    ],
  };
}

/**
 * @param {Finder} finder
 * @param {boolean} closer
 * @returns {Step}
 */
function zoomed(finder, closer) {
  const now = RADII_M.indexOf(finder.radiusM);
  const radiusM = RADII_M[Math.min(RADII_M.length - 1, Math.max(0, now + (closer ? -1 : 1)))] ?? finder.radiusM;
  const next = { ...finder, radiusM };
  return next.here === null || radiusM === finder.radiusM ? still(next) : at(next);
}

/**
 * @param {Finder} finder
 * @param {number} nowMs
 * @returns {Step}
 */
function lookAgain(finder, nowMs) {
  if (finder.here === null || nowMs - finder.busesMs < BUSES_EVERY_MS) return still(finder);
  return {
    finder: { ...finder, busesMs: nowMs },
    effects: [{ type: "ask buses", here: finder.here, radiusM: finder.radiusM }],
  };
}

/**
 * @typedef {{stop_id: string, name: string, code: string, towards: string, distanceM: number | null, favourite: boolean}} Listed
 */

/**
 * The stops as the list and the map show them: what a text finds, or else favourites first and then what is near.
 *
 * @param {Finder} finder
 * @returns {Listed[]}
 */
export function listed(finder) {
  const kept = new Set(finder.favourites.map((one) => one.stop_id));
  if (finder.query.trim() !== "") return (finder.found ?? []).map((stop) => listedStop(stop, kept, finder.lang));
  const near = (finder.near ?? []).map((stop) => listedStop(stop, kept, finder.lang));
  const first = finder.favourites.map(
    (one) => near.find((stop) => stop.stop_id === one.stop_id) ?? { ...one, distanceM: null, favourite: true },
  );
  return [...first, ...near.filter((stop) => !kept.has(stop.stop_id))];
}

/**
 * @param {StopItem} stop
 * @param {Set<string>} kept
 * @param {string} lang
 * @returns {Listed}
 */
function listedStop(stop, kept, lang) {
  return {
    stop_id: stop.stop_id,
    name: inLang(stop.name, stop.names, lang),
    code: stop.code,
    towards: inLang(stop.towards, stop.towards_names, lang),
    distanceM: stop.distance_m,
    favourite: kept.has(stop.stop_id),
  };
}

/**
 * @param {string} name
 * @param {Record<string, string>} names
 * @param {string} lang
 * @returns {string}
 */
export function inLang(name, names, lang) {
  return names[lang] ?? name;
}
