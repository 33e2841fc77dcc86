/** What a rider on board is told as the bus moves: the next stop, get ready, now. Pure. */

import { inLang } from "/static/rider/ride/finder.js";
import { openBell, way } from "/static/rider/ride/onboard.js";
import { nearness } from "/static/rider/ride/strip.js";

/**
 * @typedef {import("/static/rider/ride/aboard.js").Aboard} Aboard
 * @typedef {import("/static/rider/ride/aboard.js").Around} Around
 * @typedef {import("/static/rider/ride/aboard.js").Effect} Effect
 * @typedef {import("/static/rider/ride/aboard.js").Step} Step
 */

/**
 * Who cannot see where the bus is hears each next stop, once.
 *
 * @param {Aboard} before
 * @param {Aboard} after
 * @param {Around} around
 * @returns {Effect[]}
 */
export function nextStop(before, after, { nowMs, profile, lang }) {
  const unseen = profile.needs.includes("blind") || profile.needs.includes("low_vision");
  const next = way(after, nowMs)?.ahead[0]?.stop;
  if (!unseen || next === undefined || before.bus === null || before.bus.next_stop_sequence === next.stop_sequence) return [];
  return [{ type: "speak", said: { key: "ride.next", values: { stop: inLang(next.name, next.names, lang) } } }];
}

/**
 * "Get ready" and "now", once each for a bell, felt and spoken.
 *
 * @param {Aboard} aboard
 * @param {Around} around
 * @returns {Step}
 */
export function tell(aboard, around) {
  const bell = openBell(aboard);
  const strip = way(aboard, around.nowMs);
  if (bell === null || strip === null) return { aboard, effects: [] };
  const near = nearness(strip, bell.stop_sequence);
  const told = `${bell.bell_id} ${near}`;
  if (near === "far" || aboard.told === told || aboard.told === `${bell.bell_id} now`) return { aboard, effects: [] };
  const stop = strip.ahead.find((one) => one.stop.stop_sequence === bell.stop_sequence);
  const pattern = near === "now" ? [400, 150, 400] : [200];
  return {
    aboard: { ...aboard, told },
    effects: [
      { type: "speak", said: { key: `alight.${near}`, values: { stop: stop === undefined ? "" : inLang(stop.stop.name, stop.stop.names, around.lang) } } },
      { type: "buzz", pattern },
    ],
  };
}
