/** Which buses and bells the lists show, and in which order: found, sorted, and the part that is on the screen. Pure. */

import { KINDS } from "/static/ops/live/fleet.js";

/**
 * @typedef {import("/static/ops/live/fleet.js").Fleet} Fleet
 * @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow
 * @typedef {import("/static/shared/wire.d.ts").BellEvent} BellEvent
 * @typedef {import("/static/ops/live/state.js").State} State
 * @typedef {import("/static/ops/live/state.js").Filter} Filter
 * @typedef {import("/static/ops/live/state.js").Order} Order
 * @typedef {BellEvent & {plate: string, routeName: string}} BellLine
 */

export const ROW_PX = 44;
/** Lines drawn above and below the part that is seen, so that a quick scroll finds them. */
const SPARE = 6;

const COLLATOR = new Intl.Collator(undefined, { numeric: true });

/** The place of each text among all texts as people order them (9 before 88 before G1300): sorting by it is cheap. */
export class Ranks {
  /** @type {Map<string, number>} */
  #ranks = new Map();

  /**
   * @param {string} text
   * @returns {number} NaN for a text that was not learnt
   */
  of(text) {
    return this.#ranks.get(text) ?? NaN;
  }

  /**
   * @param {Iterable<string>} texts
   * @returns {void}
   */
  learn(texts) {
    const before = this.#ranks.size;
    for (const text of texts) if (!this.#ranks.has(text)) this.#ranks.set(text, -1);
    if (this.#ranks.size === before) return;
    [...this.#ranks.keys()].sort(COLLATOR.compare).forEach((text, index) => this.#ranks.set(text, index));
  }
}

const LAST = "\uffff";

/** @type {Record<string, (row: VehicleRow) => string>} */
const TEXTS = {
  route: (row) => row.route_name ?? LAST,
  bus: (row) => row.plate,
  next: (row) => row.next_stop_name ?? LAST,
};

/**
 * Leaves out what the filter does not want. Haystacks are made once a row.
 *
 * @param {Filter} filter
 * @returns {(row: VehicleRow, kind: number) => boolean}
 */
export function wants({ search, routeId, garage, kind }) {
  const text = search.trim().toLowerCase();
  const wanted = kind === "" ? -1 : KINDS.indexOf(kind);
  return (row, of) =>
    (wanted === -1 || of === wanted) &&
    (routeId === "" || row.route_id === routeId) &&
    (garage === "" || row.garage === garage) &&
    (text === "" || haystack(row).includes(text));
}

/** @type {WeakMap<VehicleRow, string>} */
const haystacks = new WeakMap();

/** @param {VehicleRow} row */
function haystack(row) {
  let hay = haystacks.get(row);
  if (hay === undefined) {
    hay = [row.route_name, row.plate, row.vehicle_id, row.next_stop_name].join("\n").toLowerCase();
    haystacks.set(row, hay);
  }
  return hay;
}

/**
 * @param {Fleet} fleet
 * @param {Filter} filter
 * @param {Order} order
 * @param {number} nowMs
 * @param {Ranks} ranks kept between calls
 * @returns {number[]} slots, in order
 */
export function busOrder(fleet, filter, order, nowMs, ranks) {
  const wanted = wants(filter);
  /** @type {number[]} */
  const slots = [];
  for (let slot = 0; slot < fleet.size; slot++) {
    const row = fleet.rows[slot];
    if (row != null && wanted(row, /** @type {number} */ (fleet.kind[slot]))) slots.push(slot);
  }
  const keys = new Float64Array(fleet.size);
  const ties = new Float64Array(fleet.size);
  const text = TEXTS[order.column];
  const rowOf = (/** @type {number} */ slot) => /** @type {VehicleRow} */ (fleet.rows[slot]);
  ranks.learn(slots.flatMap((slot) => [rowOf(slot).plate, (text ?? (() => ""))(rowOf(slot))]));
  for (const slot of slots) {
    keys[slot] = text ? ranks.of(text(rowOf(slot))) : numberOf(fleet, slot, order.column, nowMs);
    ties[slot] = ranks.of(rowOf(slot).plate);
  }
  const sign = order.down ? -1 : 1;
  return slots.sort((a, b) => sign * (/** @type {number} */ (keys[a]) - /** @type {number} */ (keys[b])) || /** @type {number} */ (ties[a]) - /** @type {number} */ (ties[b]));
}

/**
 * @param {Fleet} fleet
 * @param {number} slot
 * @param {string} column
 * @param {number} nowMs
 * @returns {number}
 */
function numberOf(fleet, slot, column, nowMs) {
  const speed = /** @type {number} */ (fleet.speedMps[slot]);
  switch (column) {
    case "state":
      return -(/** @type {number} */ (fleet.kind[slot]));
    case "speed":
      return Number.isNaN(speed) ? -1 : speed;
    case "age":
      return Math.floor(fleet.ageS(slot, nowMs));
    default:
      return fleet.rows[slot]?.alerts ?? 0;
  }
}

/** @type {Record<string, (line: BellLine) => string | number>} */
const BELL_KEYS = {
  rung: (line) => line.rung_ms,
  route: (line) => line.routeName,
  stop: (line) => line.stop_name,
  state: (line) => line.state,
  bus: (line) => line.plate,
};

/**
 * @param {State} state
 * @param {Fleet} fleet
 * @param {(routeId: string) => string} routeName
 * @returns {BellLine[]}
 */
export function bellOrder(state, fleet, routeName) {
  const text = state.filter.search.trim().toLowerCase();
  const { column, down } = state.orders.bells;
  const key = BELL_KEYS[column] ?? ((line) => line.rung_ms);
  const sign = down ? -1 : 1;
  return Object.values(state.bells ?? {})
    .filter((bell) => state.filter.routeId === "" || bell.route_id === state.filter.routeId)
    .map((bell) => ({ ...bell, plate: plateOf(fleet, bell.vehicle_id), routeName: routeName(bell.route_id) }))
    .filter((line) => text === "" || `${line.routeName}\n${line.plate}\n${line.stop_name}`.toLowerCase().includes(text))
    .sort((a, b) => sign * compare(key(a), key(b)) || COLLATOR.compare(a.bell, b.bell));
}

/**
 * @param {Fleet} fleet
 * @param {string | undefined} vehicleId
 */
function plateOf(fleet, vehicleId) {
  if (vehicleId === undefined) return "";
  const slot = fleet.slotOf(vehicleId);
  return (slot === undefined ? undefined : fleet.rows[slot]?.plate) ?? vehicleId;
}

/**
 * @param {string | number} a
 * @param {string | number} b
 */
function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : COLLATOR.compare(String(a), String(b));
}

/**
 * The lines that must be drawn of a long list.
 *
 * @param {number} count
 * @param {{top: number, height: number}} scroll pixels scrolled away above, pixels seen
 * @returns {{first: number, end: number}}
 */
export function windowOf(count, { top, height }) {
  const first = Math.max(0, Math.min(count, Math.floor(top / ROW_PX)) - SPARE);
  return { first, end: Math.min(count, Math.ceil((top + height) / ROW_PX) + SPARE) };
}

/**
 * Where the walking line goes by a key.
 *
 * @param {string} key
 * @param {number} at index of the line, -1 for none
 * @param {number} count
 * @param {number} height pixels seen
 * @returns {number | null} null: not a key that walks
 */
export function walked(key, at, count, height) {
  const page = Math.max(1, Math.floor(height / ROW_PX) - 1);
  const steps = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: count - 1 };
  const next = steps[/** @type {keyof typeof steps} */ (key)];
  return next === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, next));
}
