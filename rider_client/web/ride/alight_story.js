/** The one sentence that says where an alighting bell stands. Pure. */

import { inLang } from "/static/rider/ride/finder.js";

/**
 * @typedef {import("/static/shared/words.js").Said} Said
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/rider/ride/api.js").BusRun} BusRun
 */

/**
 * @param {BellMessage} message
 * @param {BusRun | null} run
 * @param {string} lang
 * @returns {Said}
 */
export function alightStory(message, run, lang) {
  const stop = run?.stops.find((one) => one.stop_sequence === message.stop_sequence);
  return { key: `alight.story.${message.state}`, values: { stop: stop === undefined ? "" : inLang(stop.name, stop.names, lang) } };
}
