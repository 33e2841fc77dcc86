/**
 * Text size and theme as this device's owner chose them (`ridebell.look.1`), put on the root element before the first
 * paint: pages load this module in their head with `async blocking="render"`.
 */

import { read, write } from "/static/shared/keeping.js";

const KEY = "ridebell.look.1";

/**
 * @typedef {"1" | "2" | "3"} TextSize  normal, large, largest: 100, 125 and 150 % of the browser's own size
 * @typedef {"device" | "light" | "dark"} Theme
 * @typedef {{text: TextSize, theme: Theme}} Look
 */

/** @type {readonly TextSize[]} */
export const TEXT_SIZES = ["1", "2", "3"];
/** @type {readonly Theme[]} */
export const THEMES = ["device", "light", "dark"];

/** @returns {Look} */
export function readLook() {
  const kept = /** @type {Partial<Look> | null} */ (read(KEY, null));
  return {
    text: TEXT_SIZES.find((size) => size === kept?.text) ?? "1",
    theme: THEMES.find((theme) => theme === kept?.theme) ?? "device",
  };
}

/**
 * Keep a look and show it at once.
 *
 * @param {Look} look
 * @returns {void}
 */
export function keepLook(look) {
  write(KEY, look);
  show(look);
}

/** @param {Look} look */
function show({ text, theme }) {
  const { dataset } = document.documentElement;
  dataset["text"] = text;
  if (theme === "device") delete dataset["theme"];
  else dataset["theme"] = theme;
}

show(readLook());
