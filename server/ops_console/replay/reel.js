/** One run as it goes: which chunk holds a moment, and what is known at it. Pure. */

/**
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayIndex} ReplayIndex
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayChunk} ReplayChunk
 * @typedef {Record<string, any> & {type: string, at_ms: number}} Row  a line as in recordings and decisions
 *
 * What holds at a moment. `cleared`: each bus's last alert that ended, with its outcome; `shown`: alerts that a screen
 * has said it shows, and since when.
 * @typedef {{
 *   atMs: number,
 *   vehicles: Map<string, Row>,
 *   alerts: Map<string, Row>,
 *   bells: Map<string, Row>,
 *   cleared: Map<string, Row>,
 *   shown: Map<string, number>,
 *   refused: Map<string, Row>,
 * }} Moment
 * @typedef {{number: number, next: number, moment: Moment}} Reading  rows before `next` of this chunk have been taken
 */

/** Chunks kept: some minutes back and ahead, about 2 MB each as objects. */
const KEPT = 16;
const ENDED = /** @type {ReadonlySet<string>} */ (
  new Set(["boarded", "alighted", "served", "cancelled", "expired", "refused"])
);

/**
 * @param {ReplayIndex} index
 * @param {number} atMs
 * @returns {number} the number of the chunk that holds this moment; the first or last one outside of all
 */
export function chunkAt(index, atMs) {
  let low = 0;
  let high = index.chunks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (/** @type {{from_ms: number}} */ (index.chunks[middle]).from_ms <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

export class Reel {
  /** @type {Map<number, ReplayChunk>} */
  #chunks = new Map();
  /** @type {Reading | null} */
  #reading = null;

  /** @param {ReplayIndex} index */
  constructor(index) {
    this.index = index;
  }

  /**
   * @param {number} atMs
   * @returns {number[]} chunks that are missing for this moment and the next, the most urgent first
   */
  missing(atMs) {
    const here = chunkAt(this.index, atMs);
    return [here, here + 1].filter((number) => number < this.index.chunks.length && !this.#chunks.has(number));
  }

  /**
   * @param {number} number
   * @param {ReplayChunk} chunk
   */
  give(number, chunk) {
    this.#chunks.delete(number);
    this.#chunks.set(number, chunk);
    for (const old of [...this.#chunks.keys()].slice(0, -KEPT)) this.#chunks.delete(old);
  }

  /**
   * @param {number} atMs
   * @returns {Moment | null} null while its chunk is not here; the same object as before when time only went on
   */
  at(atMs) {
    const number = chunkAt(this.index, atMs);
    const chunk = this.#chunks.get(number);
    if (chunk === undefined) return null;
    const goesOn = this.#reading !== null && this.#reading.number === number && this.#reading.moment.atMs <= atMs;
    if (!goesOn) this.#reading = { number, next: 0, moment: opened(chunk) };
    const reading = /** @type {Reading} */ (this.#reading);
    const rows = /** @type {Row[]} */ (chunk.rows);
    while (reading.next < rows.length) {
      const row = /** @type {Row} */ (rows[reading.next]);
      if (row.at_ms > atMs) break;
      take(reading.moment, row);
      reading.next += 1;
    }
    reading.moment.atMs = atMs;
    return reading.moment;
  }
}

/**
 * @param {ReplayChunk} chunk
 * @returns {Moment}
 */
function opened(chunk) {
  const rows = (/** @type {Record<string, any>[]} */ list) => /** @type {Row[]} */ (list);
  return {
    atMs: chunk.from_ms,
    vehicles: new Map(rows(chunk.key.vehicles).map((row) => [row["vehicle_id"], row])),
    alerts: new Map(rows(chunk.key.alerts).map((row) => [row["alert_id"], row])),
    bells: new Map(rows(chunk.key.bells).map((row) => [row["bell_id"], row])),
    cleared: new Map(),
    shown: new Map(),
    refused: new Map(),
  };
}

/**
 * @param {Moment} moment
 * @param {Row} row
 */
function take(moment, row) {
  switch (row.type) {
    case "fix":
      moment.vehicles.set(row["vehicle_id"], row);
      moment.refused.delete(row["vehicle_id"]);
      break;
    case "fix_refused":
      moment.refused.set(row["vehicle_id"], row);
      break;
    case "bell":
      if (ENDED.has(row["state"])) moment.bells.delete(row["bell_id"]);
      else moment.bells.set(row["bell_id"], row);
      break;
    case "alert":
      moment.alerts.set(row["alert_id"], row);
      break;
    case "clear":
      moment.cleared.set(row["vehicle_id"], { ...moment.alerts.get(row["alert_id"]), ...row });
      moment.alerts.delete(row["alert_id"]);
      break;
    case "shown":
      moment.shown.set(row["alert_id"], row.at_ms);
      break;
  }
}

/** Seconds for which a place is carried on when nothing is heard, as the engine does (policy `extrapolate_s`). */
const CARRIED_ON_S = 60;

/**
 * @param {Row} fix
 * @param {number} atMs
 * @returns {number | null} half the width of where the bus may be by now, metres
 */
export function unsureM(fix, atMs) {
  if (fix["uncertainty_m"] === null || fix["uncertainty_m"] === undefined) return null;
  const ageS = Math.max(0, atMs - fix.at_ms) / 1000;
  return fix["uncertainty_m"] + Math.min(ageS, CARRIED_ON_S) * (fix["speed_mps"] ?? 0);
}
