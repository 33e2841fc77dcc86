/** A route as a line of stops with its buses: where each is, how far apart in time they are, which have bunched. Pure. */

/**
 * @typedef {import("/static/ops/live/state.js").StripPattern} StripPattern
 * @typedef {import("/static/shared/wire.d.ts").VehicleRow} VehicleRow
 * @typedef {import("/static/shared/wire.d.ts").BellEvent} BellEvent
 * @typedef {{row: VehicleRow, at: number}} StripBus  `at`: stops from the first one, with the part to the next
 * @typedef {{from: number, to: number, seconds: number, bunched: boolean}} Gap  between a bus and the one ahead of it
 * @typedef {{from: number, to: number, buses: number}} Bunch
 * @typedef {{buses: StripBus[], gaps: Gap[], bunches: Bunch[], bells: Map<number, number>}} StripPicture
 */

/**
 * Buses have bunched when they follow each other in less than a quarter of the planned headway: the measure of the New York
 * "bus turnaround" report cards, and of MTA's own bunching figures.
 */
const BUNCHED_PART = 0.25;
/** Where the timetable gives no headway, a minute is as good as together. */
const BUNCHED_WITHOUT_HEADWAY_S = 60;

/**
 * @param {StripPattern} pattern
 * @param {Iterable<VehicleRow>} rows any buses; those of other patterns are left out
 * @param {Iterable<BellEvent>} bells that have not ended
 * @param {string} routeId
 * @returns {StripPicture}
 */
export function stripPicture(pattern, rows, bells, routeId) {
  const buses = [...rows]
    .filter((row) => row.pattern_id === pattern.pattern_id && row.progress_m !== null && !row.stale)
    .map((row) => ({ row, at: stopsGone(pattern, /** @type {number} */ (row.progress_m)) }))
    .sort((a, b) => a.at - b.at);
  const limit = pattern.headway_s === null ? BUNCHED_WITHOUT_HEADWAY_S : pattern.headway_s * BUNCHED_PART;
  const gaps = buses.slice(1).map((ahead, index) => {
    const behind = /** @type {StripBus} */ (buses[index]);
    const seconds = Math.max(0, secondsGone(pattern, ahead.row) - secondsGone(pattern, behind.row));
    return { from: behind.at, to: ahead.at, seconds, bunched: seconds < limit };
  });
  return { buses, gaps, bunches: bunchesOf(gaps), bells: bellsAt(pattern, bells, routeId) };
}

/**
 * @param {StripPattern} pattern
 * @param {number} progressM
 * @returns {number} a whole number at a stop
 */
export function stopsGone(pattern, progressM) {
  const { index, part } = between(pattern, progressM);
  return index + part;
}

/**
 * How long the timetable takes from the first stop to where a bus is: differences are headways at the planned pace.
 *
 * @param {StripPattern} pattern
 * @param {VehicleRow} row
 * @returns {number}
 */
function secondsGone({ stops, ...pattern }, row) {
  const { index, part } = between({ stops, ...pattern }, /** @type {number} */ (row.progress_m));
  const here = stops[index]?.run_s ?? 0;
  return here + part * ((stops[index + 1]?.run_s ?? here) - here);
}

/**
 * @param {StripPattern} pattern
 * @param {number} progressM
 */
function between({ stops }, progressM) {
  const next = stops.findIndex((stop) => stop.along_m > progressM);
  if (next === 0) return { index: 0, part: 0 };
  if (next === -1) return { index: Math.max(0, stops.length - 1), part: 0 };
  const from = stops[next - 1]?.along_m ?? 0;
  const to = stops[next]?.along_m ?? from + 1;
  return { index: next - 1, part: (progressM - from) / (to - from) };
}

/**
 * @param {Gap[]} gaps in order along the route
 * @returns {Bunch[]}
 */
function bunchesOf(gaps) {
  /** @type {Bunch[]} */
  const bunches = [];
  gaps.forEach((gap, index) => {
    if (!gap.bunched) return;
    const last = bunches.at(-1);
    if (last !== undefined && gaps[index - 1]?.bunched) {
      last.to = gap.to;
      last.buses += 1;
    } else {
      bunches.push({ from: gap.from, to: gap.to, buses: 2 });
    }
  });
  return bunches;
}

/**
 * @param {StripPattern} pattern
 * @param {Iterable<BellEvent>} bells
 * @param {string} routeId
 * @returns {Map<number, number>} bells by index of the stop
 */
function bellsAt({ stops }, bells, routeId) {
  const indexOf = new Map(stops.map((stop, index) => [stop.stop_id, index]));
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const bell of bells) {
    const index = bell.route_id === routeId ? indexOf.get(bell.stop_id) : undefined;
    if (index !== undefined) counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  return counts;
}
