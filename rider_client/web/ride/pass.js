/** The code for an inspector: asked for while the sheet is open, renewed before it ends, never shown after. Pure. */

/** Renewed while so much of it is left: a code that was just scanned holds until the inspector's server has answered. */
export const RENEW_MS = 12_000;
/** Asked again no sooner, when no answer came. */
export const AGAIN_MS = 4_000;

/**
 * @typedef {{code: string, typed: string, at_ms: number, expires_ms: number, size: number, path: string}} Code
 * @typedef {{rideId: string, code: Code | null, untilMs: number, askedMs: number, waiting: boolean, how: "kept" | "offline" | "gone"}} Pass
 *   `untilMs`: when the code ends, by this device's clock; `how`: what became of the last time it was asked for
 * @typedef {(
 *   | {type: "open", rideId: string}
 *   | {type: "close"}
 *   | {type: "code", rideId: string, code: Code | null, how: "kept" | "offline" | "gone"}
 *   | {type: "tick"}
 * )} Event
 * @typedef {{type: "ask code", rideId: string}} Effect
 * @typedef {{pass: Pass | null, effects: Effect[]}} Step
 */

/**
 * @param {Pass | null} pass null while nobody shows one
 * @param {Event} event
 * @param {number} nowMs
 * @returns {Step}
 */
export function show(pass, event, nowMs) {
  switch (event.type) {
    case "open":
      return asking({ rideId: event.rideId, code: null, untilMs: 0, askedMs: nowMs, waiting: true, how: "kept" }, nowMs);
    case "close":
      return { pass: null, effects: [] };
    case "code":
      return { pass: pass?.rideId === event.rideId ? answered(pass, event, nowMs) : pass, effects: [] };
    case "tick":
      return pass === null ? { pass, effects: [] } : renewed(pass, nowMs);
  }
}

/**
 * @param {Pass} pass
 * @param {number} nowMs
 * @returns {Step}
 */
function asking(pass, nowMs) {
  return { pass: { ...pass, waiting: true, askedMs: nowMs }, effects: [{ type: "ask code", rideId: pass.rideId }] };
}

/**
 * Its time is counted from when it was asked for: however long the answer took, it is never shown too long.
 *
 * @param {Pass} pass
 * @param {{code: Code | null, how: "kept" | "offline" | "gone"}} answer
 * @param {number} nowMs
 * @returns {Pass}
 */
function answered(pass, { code, how }, nowMs) {
  const after = { ...pass, waiting: false, how };
  if (how === "gone") return { ...after, code: null };
  if (code === null) return after;
  return { ...after, code, untilMs: Math.min(nowMs, pass.askedMs) + code.expires_ms - code.at_ms };
}

/**
 * @param {Pass} pass
 * @param {number} nowMs
 * @returns {Step}
 */
function renewed(pass, nowMs) {
  const now = pass.code !== null && nowMs >= pass.untilMs ? { ...pass, code: null } : pass;
  const due = now.how !== "gone" && !now.waiting && now.untilMs - nowMs < RENEW_MS && nowMs - now.askedMs >= AGAIN_MS;
  return due ? asking(now, nowMs) : { pass: now, effects: [] };
}
