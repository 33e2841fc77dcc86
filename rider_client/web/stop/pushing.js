/** The switch "tell me also when this page is closed" of each card. Part of the stop page's state. Pure. */

/**
 * @typedef {import("/static/rider/stop/state.js").State} State
 * @typedef {import("/static/rider/stop/state.js").Step} Step
 *
 * @typedef {"off" | "asking" | "on" | "denied"} Switch
 * @typedef {{offered: boolean, bells: Record<string, Switch>}} Push
 * @typedef {(
 *   | {type: "push offered", followed: readonly string[]}
 *   | {type: "push press", bellId: string}
 *   | {type: "pushed", bellId: string, how: Switch}
 * )} PushEvent
 */

/** @type {Push} */
export const NO_PUSH = { offered: false, bells: {} };

/**
 * @param {State} state
 * @param {PushEvent} event
 * @returns {Step}
 */
export function stepPush(state, event) {
  switch (event.type) {
    case "push offered": {
      const bells = Object.fromEntries(event.followed.map((id) => [id, /** @type {Switch} */ ("on")]));
      return { state: { ...state, push: { offered: true, bells: { ...bells, ...state.push.bells } } }, effects: [] };
    }
    case "push press": {
      const now = state.push.bells[event.bellId] ?? "off";
      if (now === "asking") return { state, effects: [] };
      return { state: put(state, event.bellId, "asking"), effects: [{ type: "push", bellId: event.bellId, on: now !== "on" }] };
    }
    case "pushed": {
      const said = { key: `push.said.${event.how}` };
      return { state: put(state, event.bellId, event.how), effects: [{ type: "speak", said }] };
    }
  }
}

/**
 * @param {State} state
 * @param {string} bellId
 * @param {Switch} how
 * @returns {State}
 */
function put(state, bellId, how) {
  return { ...state, push: { ...state.push, bells: { ...state.push.bells, [bellId]: how } } };
}
