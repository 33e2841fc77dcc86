/** Favourite stops, kept on this device only (`ridebell.favourites.1`), for the stop page and the rider app. */

import { read, write } from "/static/shared/keeping.js";

const KEY = "ridebell.favourites.1";
/** More than anybody uses; the oldest goes first. */
const KEPT = 40;

/**
 * @typedef {{stop_id: string, name: string, code: string, towards: string}} Favourite
 */

/** @returns {Favourite[]} the latest first */
export function readFavourites() {
  const kept = /** @type {unknown} */ (read(KEY, []));
  return Array.isArray(kept) ? kept.filter((one) => typeof one?.stop_id === "string") : [];
}

/**
 * @param {string} stopId
 * @returns {boolean}
 */
export function isFavourite(stopId) {
  return readFavourites().some((one) => one.stop_id === stopId);
}

/**
 * @param {Favourite} stop
 * @returns {boolean} whether it is one now
 */
export function toggleFavourite({ stop_id, name, code, towards }) {
  const rest = readFavourites().filter((one) => one.stop_id !== stop_id);
  const added = rest.length === readFavourites().length;
  write(KEY, added ? [{ stop_id, name, code, towards }, ...rest].slice(0, KEPT) : rest);
  return added;
}
