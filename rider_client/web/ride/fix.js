/** "I got on, or off, at another stop": which stops come into question for a ride. Pure. */

import { inLang } from "/static/rider/ride/finder.js";

/**
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 * @typedef {{stop_id: string, stop_sequence: number, name: string, names: Record<string, string>}} WayStop
 * @typedef {{stops: WayStop[]}} Pattern
 * @typedef {"board" | "alight"} End
 * @typedef {{stop_id: string, name: string}} Choice
 */

/**
 * The stops of the run that the ride was on, up to where it ended or from where it began.
 *
 * @param {Pattern[]} patterns of the ride's route
 * @param {RideMessage} ride
 * @param {End} end which of the two is to be corrected
 * @param {string} lang
 * @returns {Choice[]}
 */
export function choices(patterns, ride, end, lang) {
  const kept = end === "alight" ? { id: ride.board_stop_id, sequence: ride.board_stop_sequence } : { id: ride.alight_stop_id, sequence: ride.alight_stop_sequence };
  const pattern = patterns.find(({ stops }) => stops.some((stop) => stop.stop_id === kept.id && stop.stop_sequence === kept.sequence));
  const at = pattern?.stops.findIndex((stop) => stop.stop_sequence === kept.sequence) ?? 0;
  const open = end === "alight" ? pattern?.stops.slice(at + 1) : pattern?.stops.slice(0, at);
  return (open ?? []).map((stop) => ({ stop_id: stop.stop_id, name: inLang(stop.name, stop.names, lang) }));
}

/**
 * Which ends of a ride its rider may still correct: while it is being settled, or while it is asked about.
 *
 * @param {RideMessage} ride
 * @returns {End[]}
 */
export function correctable({ state, question }) {
  if (state === "alighted") return ["board", "alight"];
  if (state !== "asked") return [];
  return question === "board" ? ["board"] : ["alight"];
}
