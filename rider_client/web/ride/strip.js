/** The way ahead of a bus: which stops come, when, and how far along the gap to the next one it is. Pure. */

/**
 * @typedef {import("/static/rider/ride/api.js").BusRun} BusRun
 * @typedef {import("/static/rider/ride/api.js").RunStop} RunStop
 * @typedef {import("/static/shared/wire.d.ts").BusMessage} BusMessage
 * @typedef {{stop: RunStop, inS: number, away: number}} Ahead  `away` 1: the bus's next stop
 * @typedef {{before: RunStop | null, share: number, here: boolean, ahead: Ahead[]}} Strip
 *   `share`: 0 at the stop before, 1 at the next; `here`: the bus stands at the next
 */

/**
 * @param {BusRun} run
 * @param {BusMessage} bus
 * @param {number} agoS seconds since the message came
 * @returns {Strip | null} null while the bus's place on this run is not known
 */
export function stripOf(run, bus, agoS) {
  const first = run.stops.findIndex((stop) => stop.stop_sequence === bus.next_stop_sequence);
  if (run.trip_id !== bus.trip_id || first < 0) return null;
  const before = run.stops[first - 1] ?? null;
  const ahead = run.stops
    .slice(first)
    .map((stop, index) => ({ stop, inS: Math.max(0, (bus.etas_s[index] ?? 0) - agoS), away: index + 1 }));
  return { before, share: bus.here ? 1 : shareOf(before, run.stops[first], bus.progress_m), here: bus.here, ahead };
}

/**
 * @param {RunStop | null} before
 * @param {RunStop | undefined} next
 * @param {number | null} progressM
 * @returns {number}
 */
function shareOf(before, next, progressM) {
  if (before === null || next === undefined || progressM === null || next.along_m <= before.along_m) return 0;
  return Math.min(1, Math.max(0, (progressM - before.along_m) / (next.along_m - before.along_m)));
}

/**
 * How near the end of a ride is: nothing to do yet, get ready, or now. By the bus's own position.
 *
 * @param {Strip} strip
 * @param {number | null} stopSequence the stop at which the rider gets off
 * @returns {"far" | "ready" | "now"}
 */
export function nearness(strip, stopSequence) {
  const one = strip.ahead.find(({ stop }) => stop.stop_sequence === stopSequence);
  if (one === undefined) return "far";
  if (one.away === 1 && (strip.here || one.inS <= NOW_S)) return "now";
  return one.away === 1 || one.inS <= READY_S ? "ready" : "far";
}

/** Time to stand up, find the card and reach the door before the bus halts; longer takes those who move slowly to begin with. */
const READY_S = 90;
/** The last seconds before the halt: from here on the rider is at the door. */
const NOW_S = 20;
