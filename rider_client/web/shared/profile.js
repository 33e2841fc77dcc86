/** Who rings: how many, and what the driver should be ready for. Kept on this device (`ridebell.wish.1`), for all rider pages. */

import { read, write } from "/static/shared/keeping.js";

const KEY = "ridebell.wish.1";

export const PARTY_MAX = 9;

/**
 * @typedef {import("/static/shared/wire.d.ts").Need} Need
 * @typedef {{party: number, needs: Need[]}} Profile
 */

/** In the order in which pages list them. A ramp is asked for with the wheelchair. @type {readonly Need[]} */
export const NEEDS = ["wheelchair", "blind", "low_vision", "deaf", "slow", "stroller"];

/** @returns {Profile} */
export function readProfile() {
  const kept = /** @type {Partial<Profile> | null} */ (read(KEY, null));
  const needs = Array.isArray(kept?.needs) ? kept.needs : [];
  return { party: inBounds(Number(kept?.party ?? 1)), needs: NEEDS.filter((need) => needs.includes(need)) };
}

/** @param {Profile} profile */
export function keepProfile({ party, needs }) {
  write(KEY, { party, needs });
}

/**
 * The profile after one more press of `fewer`, `more`, or of a need's own button.
 *
 * @param {Profile} profile
 * @param {string} act `fewer`, `more` or `need`
 * @param {string | undefined} pressed the need
 * @returns {Profile}
 */
export function changed({ party, needs }, act, pressed) {
  if (act === "need") return { party, needs: NEEDS.filter((need) => needs.includes(need) !== (need === pressed)) };
  return { party: inBounds(party + (act === "more" ? 1 : -1)), needs };
}

/** @param {number} party */
function inBounds(party) {
  return Number.isInteger(party) ? Math.min(PARTY_MAX, Math.max(1, party)) : 1;
}
