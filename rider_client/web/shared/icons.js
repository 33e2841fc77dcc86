/** Pictograms, drawn for this project on a 24-unit grid. Each meaning has a shape of its own. Pure. */

import { h } from "/static/shared/dom.js";

/** @type {Record<string, string>} */
const PATHS = {
  bell: "M12 2a1.5 1.5 0 0 1 1.5 1.5v.7A6 6 0 0 1 18 10v4.6l1.7 2a1 1 0 0 1-.8 1.6H5.1a1 1 0 0 1-.8-1.6L6 14.6V10a6 6 0 0 1 4.5-5.8v-.7A1.5 1.5 0 0 1 12 2Zm-2.6 17.5h5.2a2.6 2.6 0 0 1-5.2 0Z",
  person: "M12 2.5a2.75 2.75 0 1 1 0 5.5 2.75 2.75 0 0 1 0-5.5ZM9 9h6a2.5 2.5 0 0 1 2.5 2.5v4.25a1.25 1.25 0 0 1-2.5 0V21a1.25 1.25 0 0 1-2.5 0v-4.5h-1V21A1.25 1.25 0 0 1 9 21v-5.25a1.25 1.25 0 0 1-2.5 0V11.5A2.5 2.5 0 0 1 9 9Z",
  stop: "M8.1 2h7.8L22 8.1v7.8L15.9 22H8.1L2 15.9V8.1L8.1 2Zm-.6 8.5v3h9v-3h-9Z",
  wheelchair:
    "M10 2a2 2 0 1 1 0 4 2 2 0 0 1 0-4Zm-1.2 5h2.4v3.5H16v2h-4.8v2h5.3l2.4 5 1.5-.6.8 1.9-3.4 1.4-2.6-5.7H10a1.2 1.2 0 0 1-1.2-1.2V7ZM7.5 11.6v2.3a4.5 4.5 0 1 0 5.9 5.6h2.3a6.7 6.7 0 1 1-8.2-7.9Z",
  ramp: "M2 19 20 9v4.5L10 19H2Zm9 1h11v2H2v-2h9Z",
  blind:
    "M12 5c4.6 0 8.3 2.7 10 7-1.7 4.3-5.4 7-10 7S3.7 16.3 2 12c1.7-4.3 5.4-7 10-7Zm0 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0 2a2 2 0 1 1 0 4 2 2 0 0 1 0-4Z",
  deaf: "M12 2a7 7 0 0 1 7 7c0 2.5-1.2 4-2.3 5.3-1 1.2-1.7 2-1.7 3.2a4.5 4.5 0 0 1-8 2.8l1.8-1.6A2.1 2.1 0 0 0 12.6 17.5c0-2.1 1.2-3.5 2.3-4.8.9-1.1 1.7-2.1 1.7-3.7a4.6 4.6 0 0 0-9.2 0H5a7 7 0 0 1 7-7Zm0 4.5a2.5 2.5 0 0 1 2.5 2.5h-2a.5.5 0 1 0-.8.4c.8.6 1.3 1.3 1.3 2.3a2.5 2.5 0 0 1-2.5 2.5v-2a.5.5 0 0 0 .1-1 2.5 2.5 0 0 1 1.4-4.7Z",
  slow: "M11 2a2 2 0 1 1 0 4 2 2 0 0 1 0-4ZM9.5 7h2.7l1.6 3.2 3 1.3-.8 1.9-3.6-1.5-.5-.9-.6 3 2.2 2.6V22h-2.2v-4.6l-2.4-2.8-.6 2.9L5.6 22l-1.7-1.3 2.4-3.8L7.8 9.3 6 10.4V13H4V9.2L9.5 7Zm7 7h1.5v8h-1.5v-8Z",
  stroller: "M3 4h3.3l1 2.5A8 8 0 0 1 20 12v1a4 4 0 0 1-4 4h-6a4 4 0 0 1-3.8-2.8L4.5 6H3V4Zm9 2.2V11h5.7A6 6 0 0 0 12 6.2ZM9 18.5a2 2 0 1 1 0 4 2 2 0 0 1 0-4Zm8 0a2 2 0 1 1 0 4 2 2 0 0 1 0-4Z",
  tick: "m9.5 18.6-6-6L5.6 10.5l3.9 3.9 8.9-8.9 2.1 2.1-11 11Z",
  cross: "m6.3 4.2 5.7 5.7 5.7-5.7 2.1 2.1-5.7 5.7 5.7 5.7-2.1 2.1-5.7-5.7-5.7 5.7-2.1-2.1 5.7-5.7-5.7-5.7 2.1-2.1Z",
  arrow: "M12 3 21 14h-5.5v7h-7v-7H3L12 3Z",
  link: "M4 20v-5h3.5v5H4Zm6.2 0V10h3.6v10h-3.6Zm6.3 0V4H20v16h-3.5Z",
  gps: "M12 2c3.9 0 7 3.1 7 7 0 5-7 13-7 13S5 14 5 9c0-3.9 3.1-7 7-7Zm0 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z",
  sound: "M4 9v6h4l5 4.5v-15L8 9H4Zm11.5-.8v7.6a4 4 0 0 0 0-7.6Z",
};
PATHS["low_vision"] = /** @type {string} */ (PATHS["blind"]);

/**
 * One pictogram; the words beside it say the same, so it is hidden from readers of the screen.
 *
 * @param {string} name
 * @param {string} [extra] more classes
 */
export function icon(name, extra = "") {
  const d = PATHS[name];
  if (d === undefined) throw new Error(`no pictogram "${name}"`);
  return h("svg", { class: `icon ${extra}`.trim(), viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d, "fill-rule": "evenodd" }));
}
