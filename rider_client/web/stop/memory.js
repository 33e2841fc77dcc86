/** Rings not yet answered, and the last board heard, kept on this device between page loads. */

import { read, write } from "/static/shared/keeping.js";
import { RING_GIVEN_UP_MS } from "/static/rider/stop/ringing.js";

/**
 * @typedef {import("/static/rider/stop/state.js").Waiting} Waiting
 * @typedef {import("/static/shared/wire.d.ts").Arrivals} Arrivals
 */

const WAITING = "ridebell.waiting.1";
const BOARD = "ridebell.board.1";

/**
 * @param {number} nowMs
 * @returns {Waiting[]}
 */
export function readWaiting(nowMs) {
  const kept = /** @type {Waiting[]} */ (read(WAITING, []));
  return kept.filter((one) => nowMs - one.madeMs < RING_GIVEN_UP_MS);
}

/** @param {Waiting[]} waiting */
export function keepWaiting(waiting) {
  write(WAITING, waiting);
}

/**
 * The newer of two boards of one stop: that of the page as it came, and the last that a live page heard.
 *
 * @param {string} stopId
 * @param {Arrivals | null} came
 * @returns {Arrivals | null}
 */
export function newerBoard(stopId, came) {
  const kept = /** @type {Arrivals | null} */ (read(BOARD, null));
  return kept?.stop_id === stopId && kept.at_ms > (came?.at_ms ?? 0) ? kept : came;
}

/** @param {Arrivals | null} board */
export function keepBoard(board) {
  if (board !== null) write(BOARD, board);
}
