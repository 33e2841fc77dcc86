/** Which alerts have sounded on this device: a reload shows them again, silently. */

const SOUNDED = "ridebell.sounded.1";

/** @returns {Record<string, number>} */
export function readSounded() {
  try {
    return JSON.parse(localStorage.getItem(SOUNDED) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {Record<string, number>} sounded */
export function keepSounded(sounded) {
  try {
    localStorage.setItem(SOUNDED, JSON.stringify(sounded));
  } catch {
    return;
  }
}
