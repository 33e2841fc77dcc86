/** Minutes, clock times and ages as people say them. Pure. */

/** Under a minute nobody counts: "soon". */
const SOON_S = 60;

/**
 * Whole minutes until something, or null when it is less than one away.
 *
 * @param {number} seconds
 * @returns {number | null}
 */
export function minutesUntil(seconds) {
  return seconds < SOON_S ? null : Math.floor(seconds / 60);
}

/**
 * `14:05` in the reader's own time zone.
 *
 * @param {number} atMs epoch milliseconds
 * @returns {string}
 */
export function clockTime(atMs) {
  const at = new Date(atMs);
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}

/**
 * How long ago, in the largest unit that is at least one: `{key, values}` for the words `age.s`, `age.min`, `age.h`.
 *
 * @param {number} seconds
 * @returns {import("./words.js").Said}
 */
export function ageWords(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return { key: "age.s", values: { n: s } };
  if (s < 3600) return { key: "age.min", values: { n: Math.floor(s / 60) } };
  return { key: "age.h", values: { n: Math.floor(s / 3600) } };
}
