/** What stands in the state of being on board: which ride, which bell, what lies ahead. Pure. */

import { ENDS } from "/static/rider/stop/board.js";
import { stripOf } from "/static/rider/ride/strip.js";

/** An ended bell stays in sight so long: two stops or so. */
const NEWS_MS = 180_000;

/**
 * @typedef {import("/static/rider/ride/aboard.js").Aboard} Aboard
 * @typedef {import("/static/rider/ride/strip.js").Strip} Strip
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 */

/**
 * The ride that the rider is on, as far as the server believes.
 *
 * @param {Aboard} aboard
 * @returns {RideMessage | null}
 */
export function current({ rides }) {
  const on = Object.values(rides).filter((ride) => ride.state === "aboard" || ride.state === "detected");
  return on.sort((a, b) => b.at_ms - a.at_ms)[0] ?? null;
}

/**
 * The bell to be let off by that has not ended.
 *
 * @param {Aboard} aboard
 * @returns {BellMessage | null}
 */
export function openBell({ bells }) {
  return Object.values(bells).find((bell) => !ENDS.has(bell.state)) ?? null;
}

/**
 * How the last bell to be let off ended, for as long as that is news.
 *
 * @param {Aboard} aboard
 * @param {number} serverMs
 * @returns {BellMessage | null}
 */
export function endedBell({ bells }, serverMs) {
  const ended = Object.values(bells).filter((bell) => ENDS.has(bell.state) && serverMs - bell.at_ms < NEWS_MS);
  return ended.sort((a, b) => b.at_ms - a.at_ms)[0] ?? null;
}

/**
 * @param {Aboard} aboard
 * @param {number} nowMs
 * @returns {Strip | null}
 */
export function way({ run, bus, busTakenMs }, nowMs) {
  return run === null || bus === null ? null : stripOf(run, bus, (nowMs - busTakenMs) / 1000);
}
