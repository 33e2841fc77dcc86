/** All buses: their rows, and where each is drawn between two fixes. Numbers are in typed arrays, for 10,300 at 1 Hz. Pure. */

import { worldX, worldY } from "/static/ops/live/map/mercator.js";

/**
 * @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow
 * @typedef {import("/static/shared/wire.d.ts").Vehicles} Vehicles
 * @typedef {import("/static/shared/wire.d.ts").Moves} Moves
 */

/** What a bus is drawn as, and in which order: later ones lie on top. */
export const KINDS = /** @type {const} */ (["resting", "running", "told", "silent", "astray"]);
/** @typedef {typeof KINDS[number]} Kind */

/** Between fixes a bus glides for about as long as they are apart. */
const GLIDE_LEAST_MS = 400;
const GLIDE_MOST_MS = 2_500;
/** A jump larger than this is no drive: 400 m as a part of the world's side in Korea's latitude. */
const JUMP = 400 / 32_000_000;
const E5 = 100_000;

export class Fleet {
  /** Bus by its slot; null where one has gone. @type {(VehicleRow | null)[]} */
  rows = [];
  /** @type {Map<string, number>} */
  #slotOf = new Map();
  /** @type {Map<number, number>} slot by the number that `moves` uses */
  #slotOfNumber = new Map();
  /** @type {number[]} */
  #free = [];

  size = 0;
  fromX = new Float64Array(1024);
  fromY = new Float64Array(1024);
  toX = new Float64Array(1024);
  toY = new Float64Array(1024);
  sinceMs = new Float64Array(1024);
  glideMs = new Float64Array(1024);
  headingDeg = new Float32Array(1024);
  speedMps = new Float32Array(1024);
  fixedMs = new Float64Array(1024);
  kind = new Uint8Array(1024);

  /** How many buses there are. */
  get count() {
    return this.#slotOf.size;
  }

  /** Counts every change of what the list shows beside places: rows, and buses that came or went. */
  changes = 0;

  /**
   * @param {string} vehicleId
   * @returns {number | undefined}
   */
  slotOf(vehicleId) {
    return this.#slotOf.get(vehicleId);
  }

  /**
   * @param {Vehicles} message
   * @param {number} nowMs
   * @returns {void}
   */
  takeRows(message, nowMs) {
    if (message.full) this.#clear();
    for (const gone of message.gone ?? []) this.#remove(gone);
    for (const row of message.vehicles) this.#put(row, nowMs);
    this.changes += 1;
  }

  /**
   * @param {Moves} message
   * @param {number} nowMs
   * @returns {void}
   */
  takeMoves(message, nowMs) {
    for (let i = 0; i < message.n.length; i++) {
      const slot = this.#slotOfNumber.get(/** @type {number} */ (message.n[i]));
      if (slot === undefined) continue;
      const lat = /** @type {number} */ (message.lat_e5[i]) / E5;
      const lon = /** @type {number} */ (message.lon_e5[i]) / E5;
      this.#move(slot, lat, lon, nowMs, /** @type {number} */ (message.age_s[i]));
      this.#turn(slot, message.heading_deg[i] ?? null, message.speed_mps[i] ?? null);
    }
  }

  /**
   * Where a bus is drawn at an instant.
   *
   * @param {number} slot
   * @param {number} nowMs
   * @returns {number} how much of the way from its place before to its last place it has gone, 0..1
   */
  gone(slot, nowMs) {
    const part = (nowMs - /** @type {number} */ (this.sinceMs[slot])) / /** @type {number} */ (this.glideMs[slot]);
    return part >= 1 ? 1 : part <= 0 ? 0 : part;
  }

  /**
   * @param {number} slot
   * @param {number} nowMs
   * @returns {{x: number, y: number}}
   */
  at(slot, nowMs) {
    const part = this.gone(slot, nowMs);
    const [fx, fy, tx, ty] = /** @type {[number, number, number, number]} */ (
      [this.fromX[slot], this.fromY[slot], this.toX[slot], this.toY[slot]]
    );
    return { x: fx + (tx - fx) * part, y: fy + (ty - fy) * part };
  }

  /**
   * @param {number} slot
   * @param {number} nowMs
   * @returns {number} seconds since the bus was where it is drawn
   */
  ageS(slot, nowMs) {
    return Math.max(0, (nowMs - /** @type {number} */ (this.fixedMs[slot])) / 1000);
  }

  #clear() {
    this.rows = [];
    this.#slotOf.clear();
    this.#slotOfNumber.clear();
    this.#free = [];
    this.size = 0;
  }

  /** @param {string} vehicleId */
  #remove(vehicleId) {
    const slot = this.#slotOf.get(vehicleId);
    if (slot === undefined) return;
    const n = this.rows[slot]?.n;
    if (n != null && this.#slotOfNumber.get(n) === slot) this.#slotOfNumber.delete(n);
    this.#slotOf.delete(vehicleId);
    this.rows[slot] = null;
    this.#free.push(slot);
  }

  /**
   * @param {VehicleRow} row
   * @param {number} nowMs
   */
  #put(row, nowMs) {
    let slot = this.#slotOf.get(row.vehicle_id);
    const first = slot === undefined;
    slot ??= this.#newSlot();
    this.rows[slot] = row;
    this.#slotOf.set(row.vehicle_id, slot);
    if (row.n != null) this.#slotOfNumber.set(row.n, slot);
    this.kind[slot] = KINDS.indexOf(kindOf(row));
    if (first) {
      this.fromX[slot] = this.toX[slot] = worldX(row.lon);
      this.fromY[slot] = this.toY[slot] = worldY(row.lat);
      this.sinceMs[slot] = nowMs;
      this.glideMs[slot] = 1;
      this.fixedMs[slot] = nowMs - 1000 * row.age_s;
    } else {
      this.#move(slot, row.lat, row.lon, nowMs, row.age_s);
    }
    this.#turn(slot, row.heading_deg, row.speed_mps);
  }

  /**
   * @param {number} slot
   * @param {number} lat
   * @param {number} lon
   * @param {number} nowMs
   * @param {number} ageS
   */
  #move(slot, lat, lon, nowMs, ageS) {
    const x = worldX(lon);
    const y = worldY(lat);
    this.fixedMs[slot] = nowMs - 1000 * ageS;
    if (x === this.toX[slot] && y === this.toY[slot]) return;
    const shown = this.at(slot, nowMs);
    const jumps = Math.abs(x - shown.x) > JUMP || Math.abs(y - shown.y) > JUMP;
    const apart = nowMs - /** @type {number} */ (this.sinceMs[slot]);
    this.fromX[slot] = jumps ? x : shown.x;
    this.fromY[slot] = jumps ? y : shown.y;
    this.toX[slot] = x;
    this.toY[slot] = y;
    this.sinceMs[slot] = nowMs;
    this.glideMs[slot] = Math.min(GLIDE_MOST_MS, Math.max(GLIDE_LEAST_MS, apart));
  }

  /**
   * @param {number} slot
   * @param {number | null} headingDeg  unknown: the direction of its last move
   * @param {number | null} speedMps
   */
  #turn(slot, headingDeg, speedMps) {
    this.speedMps[slot] = speedMps ?? NaN;
    if (headingDeg !== null) {
      this.headingDeg[slot] = headingDeg;
      return;
    }
    const dx = /** @type {number} */ (this.toX[slot]) - /** @type {number} */ (this.fromX[slot]);
    const dy = /** @type {number} */ (this.toY[slot]) - /** @type {number} */ (this.fromY[slot]);
    if (dx !== 0 || dy !== 0) this.headingDeg[slot] = (Math.atan2(dx, -dy) * 180) / Math.PI;
  }

  #newSlot() {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.size === this.kind.length) this.#grow();
    this.rows.push(null);
    return this.size++;
  }

  #grow() {
    for (const name of /** @type {const} */ (["fromX", "fromY", "toX", "toY", "sinceMs", "glideMs", "fixedMs"])) {
      const larger = new Float64Array(2 * this.size);
      larger.set(this[name]);
      this[name] = larger;
    }
    for (const name of /** @type {const} */ (["headingDeg", "speedMps"])) {
      const larger = new Float32Array(2 * this.size);
      larger.set(this[name]);
      this[name] = larger;
    }
    const kinds = new Uint8Array(2 * this.size);
    kinds.set(this.kind);
    this.kind = kinds;
  }
}

/**
 * What an operator should see first of a bus: nobody knows where it is, it has left its way, a rider waits, it runs, it rests.
 *
 * @param {VehicleRow} row
 * @returns {Kind}
 */
export function kindOf(row) {
  if (row.stale || row.terminal === "down") return "silent";
  if (row.mismatch || row.phase === "off_route" || (!row.on_route && row.phase === "in_service")) return "astray";
  if (row.alerts > 0) return "told";
  return row.phase === "in_service" ? "running" : "resting";
}
