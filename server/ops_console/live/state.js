/** What the live section knows beside the buses themselves: bells, figures, filters, what is chosen. Event in, next state and effects out. Pure. */

/** Ended bells stay in the list for this long, and no more than so many. */
const ENDED_KEPT_MS = 600_000;
const ENDED_KEPT = 200;
export const TABS = /** @type {const} */ (["buses", "bells"]);

const ENDS = /** @type {ReadonlySet<string>} */ (
  new Set(["boarded", "alighted", "served", "cancelled", "expired", "refused"])
);

/**
 * @typedef {import("/static/shared/wire.d.ts").BellEvent} BellEvent
 * @typedef {import("/static/shared/wire.d.ts").Metrics} Metrics
 * @typedef {import("/static/ops/live/fleet.js").Kind} Kind
 * @typedef {typeof TABS[number]} Tab
 * @typedef {{column: string, down: boolean}} Order
 * @typedef {{search: string, routeId: string, garage: string, kind: Kind | ""}} Filter  empty: all
 * @typedef {{top: number, height: number, active: string | null}} Scroll  what of a list is seen; the line that keys walk
 *
 * @typedef {{route_id: string, name: string, at_ms: number, patterns: StripPattern[]}} StripFile
 * @typedef {{
 *   pattern_id: string, direction_id: number | null, headsign: string, length_m: number, trips: number,
 *   headway_s: number | null, stops: {stop_id: string, stop_sequence: number, name: string, along_m: number, run_s: number}[],
 * }} StripPattern
 * @typedef {{routeId: string, file: StripFile | null, failed: boolean, patternId: string | null}} StripState
 *
 * @typedef {{
 *   nowMs: number,
 *   serverAheadMs: number,
 *   link: {live: boolean, heardMs: number},
 *   buses: "waiting" | "here",
 *   map: "waiting" | "here" | "failed",
 *   bells: Record<string, BellEvent> | null,
 *   metrics: Metrics | null,
 *   tab: Tab,
 *   orders: Record<Tab, Order>,
 *   scrolls: Record<Tab, Scroll>,
 *   filter: Filter,
 *   chosen: string | null,
 *   follows: boolean,
 *   strip: StripState | null,
 *   bbox: [number, number, number, number] | null,
 * }} State
 *
 * @typedef {(
 *   | {type: "live", serverAtMs: number}
 *   | {type: "lost", heardMs: number}
 *   | {type: "buses"}
 *   | {type: "bells", message: import("/static/shared/wire.d.ts").Bells}
 *   | {type: "bell_event", message: BellEvent}
 *   | {type: "metrics", message: Metrics}
 *   | {type: "map", taken: boolean}
 *   | {type: "looked", bbox: [number, number, number, number]}
 *   | {type: "tab", tab: Tab}
 *   | {type: "order", tab: Tab, column: string}
 *   | {type: "scroll", tab: Tab, top: number, height: number}
 *   | {type: "walk", tab: Tab, active: string | null}
 *   | {type: "filter", change: Partial<Filter>}
 *   | {type: "choose", vehicleId: string | null}
 *   | {type: "follow", follows: boolean}
 *   | {type: "strip", routeId: string | null}
 *   | {type: "strip file", routeId: string, file: StripFile | null}
 *   | {type: "strip pattern", patternId: string}
 *   | {type: "tick"}
 * )} Event
 * @typedef {(
 *   | {type: "send", message: {type: string, [field: string]: unknown}}
 *   | {type: "fetch strip", routeId: string}
 * )} Effect
 * @typedef {{state: State, effects: Effect[]}} Step
 */

/**
 * @param {number} nowMs
 * @returns {State}
 */
export function initial(nowMs) {
  return {
    nowMs,
    serverAheadMs: 0,
    link: { live: false, heardMs: nowMs },
    buses: "waiting",
    map: "waiting",
    bells: null,
    metrics: null,
    tab: "buses",
    orders: { buses: { column: "route", down: false }, bells: { column: "rung", down: true } },
    scrolls: { buses: { top: 0, height: 0, active: null }, bells: { top: 0, height: 0, active: null } },
    filter: { search: "", routeId: "", garage: "", kind: "" },
    chosen: null,
    follows: false,
    strip: null,
    bbox: null,
  };
}

/**
 * @param {State} before
 * @param {Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
export function step(before, event, nowMs) {
  const state = { ...before, nowMs };
  switch (event.type) {
    case "live":
      return live(state, event.serverAtMs);
    case "lost":
      return still({ ...state, link: { live: false, heardMs: event.heardMs } });
    case "buses":
      return still({ ...state, buses: "here" });
    case "bells":
      return still({ ...state, bells: { ...(event.message.full ? {} : state.bells), ...byHandle(event.message.bells) } });
    case "bell_event":
      return still({ ...state, bells: { ...state.bells, [event.message.bell]: event.message } });
    case "metrics":
      return still({ ...state, metrics: event.message });
    case "map":
      return still({ ...state, map: event.taken ? "here" : "failed" });
    case "looked":
      return watching({ ...state, bbox: event.bbox });
    case "tab":
      return still({ ...state, tab: event.tab });
    case "order":
      return still(ordered(state, event.tab, event.column));
    case "scroll":
      return still(scrolled(state, event.tab, { top: event.top, height: event.height }));
    case "walk":
      return still(scrolled(state, event.tab, { active: event.active }));
    case "filter":
      return still(filtered(state, event.change));
    case "choose":
      return still({ ...state, chosen: event.vehicleId, follows: event.vehicleId !== null && state.follows });
    case "follow":
      return still({ ...state, follows: event.follows && state.chosen !== null });
    case "strip":
      return strip(state, event.routeId);
    case "strip file":
      return still(stripTaken(state, event.routeId, event.file));
    case "strip pattern":
      return still({ ...state, strip: state.strip && { ...state.strip, patternId: event.patternId } });
    case "tick":
      return still({ ...state, bells: state.bells === null ? null : kept(state.bells, state) });
  }
}

/**
 * @param {State} state
 * @returns {Step}
 */
function still(state) {
  return { state, effects: [] };
}

/**
 * Nothing numbered is sent to operators: after each welcome the lists are asked for again, complete.
 *
 * @param {State} state
 * @param {number} serverAtMs
 * @returns {Step}
 */
function live(state, serverAtMs) {
  const link = { live: true, heardMs: state.nowMs };
  const next = watching({ ...state, link, serverAheadMs: serverAtMs - state.nowMs });
  return { ...next, effects: [...next.effects, { type: "send", message: { type: "watch", what: "bells", whole: true } }] };
}

/**
 * Ask for the buses: rows of all, places of what is on the screen, all of the route whose strip is open.
 *
 * @param {State} state
 * @returns {Step}
 */
function watching(state) {
  /** @type {{type: string, [field: string]: unknown}} */
  const message = { type: "watch", what: "network", moves: true };
  if (state.bbox !== null) message["bbox"] = state.bbox;
  if (state.strip !== null) message["focus_route_id"] = state.strip.routeId;
  return { state, effects: [{ type: "send", message }] };
}

/**
 * @param {State} state
 * @param {string | null} routeId
 * @returns {Step}
 */
function strip(state, routeId) {
  if (routeId === null) return watching({ ...state, strip: null });
  if (routeId === state.strip?.routeId && !state.strip.failed) return still(state);
  const next = watching({ ...state, strip: { routeId, file: null, failed: false, patternId: null } });
  return { ...next, effects: [...next.effects, { type: "fetch strip", routeId }] };
}

/**
 * @param {State} state
 * @param {string} routeId
 * @param {StripFile | null} file
 * @returns {State}
 */
function stripTaken(state, routeId, file) {
  if (state.strip?.routeId !== routeId) return state;
  const patternId = file?.patterns[0]?.pattern_id ?? null;
  return { ...state, strip: { routeId, file, failed: file === null, patternId } };
}

/**
 * @param {State} state
 * @param {Tab} tab
 * @param {Partial<Scroll>} change
 * @returns {State}
 */
function scrolled(state, tab, change) {
  return { ...state, scrolls: { ...state.scrolls, [tab]: { ...state.scrolls[tab], ...change } } };
}

/**
 * @param {State} state
 * @param {Partial<Filter>} change
 * @returns {State}
 */
function filtered(state, change) {
  const scrolls = { buses: { ...state.scrolls.buses, top: 0 }, bells: { ...state.scrolls.bells, top: 0 } };
  return { ...state, filter: { ...state.filter, ...change }, scrolls };
}

/**
 * @param {BellEvent[]} bells
 * @returns {Record<string, BellEvent>}
 */
function byHandle(bells) {
  return Object.fromEntries(bells.map((bell) => [bell.bell, bell]));
}

/**
 * @param {Record<string, BellEvent>} bells
 * @param {State} state
 * @returns {Record<string, BellEvent>}
 */
function kept(bells, state) {
  const serverMs = state.nowMs + state.serverAheadMs;
  const all = Object.values(bells);
  const ended = all.filter((bell) => hasEnded(bell)).sort((a, b) => b.at_ms - a.at_ms);
  const stay = new Set(ended.slice(0, ENDED_KEPT).filter((bell) => serverMs - bell.at_ms < ENDED_KEPT_MS));
  if (stay.size === ended.length) return bells;
  return Object.fromEntries(all.filter((bell) => !hasEnded(bell) || stay.has(bell)).map((bell) => [bell.bell, bell]));
}

/**
 * @param {State} state
 * @param {Tab} tab
 * @param {string} column
 * @returns {State}
 */
function ordered(state, tab, column) {
  const before = state.orders[tab];
  const down = before.column === column ? !before.down : false;
  return { ...state, orders: { ...state.orders, [tab]: { column, down } } };
}

/**
 * @param {BellEvent} bell
 * @returns {boolean}
 */
export function hasEnded(bell) {
  return ENDS.has(bell.state);
}
