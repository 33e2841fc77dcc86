/** What this device keeps between page loads, as JSON. A browser may refuse storage (private windows): then without memory. */

/**
 * @param {string} key
 * @param {unknown} otherwise
 * @returns {unknown}
 */
export function read(key, otherwise) {
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
 * @returns {void}
 */
export function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return;
  }
}
