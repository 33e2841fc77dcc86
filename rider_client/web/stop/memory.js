/** What this device keeps between page loads: rings not yet answered, and what the rider said about the party. */

import { RING_GIVEN_UP_MS } from "/static/rider/stop/state.js";

/**
 * @typedef {import("/static/rider/stop/state.js").Waiting} Waiting
 * @typedef {import("/static/shared/wire.d.ts").Need} Need
 */

const WAITING = "ridebell.waiting.1";
const WISH = "ridebell.wish.1";

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

/** @returns {{party: number, needs: Need[]}} */
export function readWish() {
  return /** @type {{party: number, needs: Need[]}} */ (read(WISH, { party: 1, needs: [] }));
}

/**
 * @param {number} party
 * @param {Need[]} needs
 */
export function keepWish(party, needs) {
  write(WISH, { party, needs });
}

/**
 * A browser may refuse storage (private windows): the page then works without memory.
 *
 * @param {string} key
 * @param {unknown} otherwise
 * @returns {unknown}
 */
function read(key, otherwise) {
  try {
    const text = localStorage.getItem(key);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return;
  }
}
