/** What the operator's live page knows: buses, bells, figures. Event in, next state and effects out. Pure. */

/** Ended bells stay in the list for this long, and no more than so many. */
const ENDED_KEPT_MS = 600_000;
const ENDED_KEPT = 200;
/** Rows drawn at once; a search narrows the rest. */
export const ROWS_SHOWN = 400;
export const SECTIONS = /** @type {const} */ (["buses", "bells"]);

const ENDS = /** @type {ReadonlySet<string>} */ (
  new Set(["boarded", "alighted", "served", "cancelled", "expired", "refused"])
);

/**
 * @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow
 * @typedef {import("/static/shared/wire.d.ts").BellEvent} BellEvent
 * @typedef {import("/static/shared/wire.d.ts").Metrics} Metrics
 * @typedef {import("/static/shared/wire.d.ts").Vehicles} Vehicles
 * @typedef {"buses" | "bells"} Section
 * @typedef {{column: string, down: boolean}} Order
 *
 * @typedef {{
 *   nowMs: number,
 *   serverAheadMs: number,
 *   link: {live: boolean, heardMs: number},
 *   vehicles: Record<string, VehicleRow & {takenMs: number}> | null,
 *   bells: Record<string, BellEvent> | null,
 *   metrics: Metrics | null,
 *   section: Section,
 *   orders: Record<Section, Order>,
 *   search: string,
 * }} State
 *
 * @typedef {(
 *   | {type: "live", serverAtMs: number}
 *   | {type: "lost", heardMs: number}
 *   | {type: "vehicles", message: Vehicles}
 *   | {type: "bell_event", message: BellEvent}
 *   | {type: "metrics", message: Metrics}
 *   | {type: "section", section: Section}
 *   | {type: "order", section: Section, column: string}
 *   | {type: "search", text: string}
 *   | {type: "tick"}
 * )} Event
 * @typedef {{type: "send", message: {type: string, [field: string]: unknown}}} Effect
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
    vehicles: null,
    bells: null,
    metrics: null,
    section: "buses",
    orders: { buses: { column: "route", down: false }, bells: { column: "rung", down: true } },
    search: "",
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
    case "vehicles":
      return still({ ...state, vehicles: moved(state, event.message) });
    case "bell_event":
      return still({ ...state, bells: { ...state.bells, [event.message.bell]: event.message } });
    case "metrics":
      return still({ ...state, metrics: event.message });
    case "section":
      return still({ ...state, section: event.section });
    case "order":
      return still(ordered(state, event.section, event.column));
    case "search":
      return still({ ...state, search: event.text });
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
  return {
    state: {
      ...state,
        link: { live: true, heardMs: state.nowMs },
      serverAheadMs: serverAtMs - state.nowMs,
      bells: {},
    },
    effects: /** @type {const} */ (["network", "bells"]).map((what) => ({ type: "send", message: { type: "watch", what } })),
  };
}

/**
 * @param {State} state
 * @param {Vehicles} message
 * @returns {NonNullable<State["vehicles"]>}
 */
function moved(state, message) {
  const rows = message.vehicles.map((row) => [row.vehicle_id, { ...row, takenMs: state.nowMs }]);
  const vehicles = message.full ? Object.fromEntries(rows) : { ...state.vehicles, ...Object.fromEntries(rows) };
  for (const gone of message.gone ?? []) delete vehicles[gone];
  return vehicles;
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
 * @param {Section} section
 * @param {string} column
 * @returns {State}
 */
function ordered(state, section, column) {
  const before = state.orders[section];
  const down = before.column === column ? !before.down : false;
  return { ...state, orders: { ...state.orders, [section]: { column, down } } };
}

// -- what the view asks -------------------------------------------------------

/**
 * @param {BellEvent} bell
 * @returns {boolean}
 */
export function hasEnded(bell) {
  return ENDS.has(bell.state);
}

/**
 * @typedef {VehicleRow & {ageS: number}} BusLine
 * @typedef {BellEvent & {plate: string, routeName: string}} BellLine
 */

/** @type {Record<string, (line: BusLine) => string | number>} */
const BUS_KEYS = {
  route: (line) => line.route_name ?? "\uffff",
  bus: (line) => line.plate,
  next: (line) => line.next_stop_name ?? "\uffff",
  phase: (line) => line.phase,
  speed: (line) => line.speed_mps ?? -1,
  age: (line) => line.ageS,
  terminal: (line) => line.terminal,
  alerts: (line) => line.alerts,
};

/** @type {Record<string, (line: BellLine) => string | number>} */
const BELL_KEYS = {
  rung: (line) => line.rung_ms,
  kind: (line) => line.kind,
  route: (line) => line.routeName,
  stop: (line) => line.stop_name,
  party: (line) => line.party,
  state: (line) => line.state,
  bus: (line) => line.plate,
  changed: (line) => line.at_ms,
};

/**
 * @param {State} state
 * @returns {BusLine[] | null} null while not told yet
 */
export function busLines(state) {
  if (state.vehicles === null) return null;
  const lines = Object.values(state.vehicles).map((row) => ({
    ...row,
    ageS: row.age_s + Math.max(0, state.nowMs - row.takenMs) / 1000,
  }));
  const found = lines.filter((line) => finds(state.search, [line.route_name, line.plate, line.vehicle_id, line.next_stop_name]));
  return sorted(found, BUS_KEYS, state.orders.buses, (line) => line.vehicle_id);
}

/**
 * @param {State} state
 * @returns {BellLine[] | null}
 */
export function bellLines(state) {
  if (state.bells === null) return null;
  const names = new Map(Object.values(state.vehicles ?? {}).map((row) => [row.route_id, row.route_name]));
  const lines = Object.values(state.bells).map((bell) => ({
    ...bell,
    plate: (bell.vehicle_id && state.vehicles?.[bell.vehicle_id]?.plate) ?? bell.vehicle_id ?? "",
    routeName: names.get(bell.route_id) ?? bell.route_id,
  }));
  const found = lines.filter((line) => finds(state.search, [line.routeName, line.plate, line.stop_name]));
  return sorted(found, BELL_KEYS, state.orders.bells, (line) => line.bell);
}

/**
 * @param {string} search
 * @param {(string | null | undefined)[]} texts
 * @returns {boolean}
 */
function finds(search, texts) {
  const wanted = search.trim().toLowerCase();
  return wanted === "" || texts.some((text) => text?.toLowerCase().includes(wanted));
}

/**
 * @template T
 * @param {T[]} lines
 * @param {Record<string, (line: T) => string | number>} keys
 * @param {Order} order
 * @param {(line: T) => string} identity keeps equal lines in one order
 * @returns {T[]}
 */
function sorted(lines, keys, { column, down }, identity) {
  const key = keys[column] ?? identity;
  const sign = down ? -1 : 1;
  return lines.sort((a, b) => sign * compare(key(a), key(b)) || compare(identity(a), identity(b)));
}

/**
 * Numbers by size, words as people order them (9 before 88 before G1300).
 *
 * @param {string | number} a
 * @param {string | number} b
 * @returns {number}
 */
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}
