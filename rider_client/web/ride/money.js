/** Money as people read it. Pure. */

/**
 * Whole won with thousands set apart: `1,650`.
 *
 * @param {number} amount
 * @returns {string}
 */
export function won(amount) {
  return amount.toLocaleString("en-US");
}
