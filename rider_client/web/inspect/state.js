/** The inspector's page: a code is read or typed, asked after, and answered. Event in, next state and effects out. Pure. */

/**
 * @typedef {"valid" | "expired" | "other_bus" | "over" | "unknown"} Verdict
 * @typedef {{
 *   verdict: Verdict, at_ms: number, plate: string | null, route_name: string | null,
 *   state: import("/static/shared/wire.d.ts").RideState | null, board_stop_name: string | null,
 *   board_stop_names: Record<string, string> | null, boarded_ms: number | null, party: number | null,
 *   by_card: boolean | null, seen_ms: number | null,
 * }} Result
 * @typedef {"offline" | "rate" | "other"} Failure
 *
 * @typedef {{
 *   door: "open" | "closed" | "wrong",
 *   company: boolean,
 *   bus: string,
 *   camera: "none" | "off" | "on" | "denied",
 *   asking: boolean,
 *   result: Result | null,
 *   failure: Failure | null,
 * }} State  `door`: closed until a token is taken; `company`: signing in is the company's affair
 *
 * @typedef {(
 *   | {type: "code", code: string}
 *   | {type: "bus", bus: string}
 *   | {type: "answer", result: Result}
 *   | {type: "failed", failure: Failure}
 *   | {type: "not allowed"}
 *   | {type: "login", company: boolean}
 *   | {type: "token", token: string}
 *   | {type: "token answer", taken: boolean}
 *   | {type: "camera", on: boolean}
 *   | {type: "camera denied"}
 *   | {type: "next"}
 * )} Event
 * @typedef {(
 *   | {type: "check", code: string, bus: string}
 *   | {type: "keep bus", bus: string}
 *   | {type: "sign in", token: string}
 *   | {type: "ask login"}
 *   | {type: "watch"}
 *   | {type: "look away"}
 *   | {type: "told", verdict: Verdict}
 * )} Effect
 * @typedef {{state: State, effects: Effect[]}} Step
 */

/**
 * @param {{bus: string, camera: boolean}} given `camera`: whether this browser reads codes by itself
 * @returns {State}
 */
export function initial({ bus, camera }) {
  return { door: "open", company: false, bus, camera: camera ? "off" : "none", asking: false, result: null, failure: null };
}

/**
 * @param {State} state
 * @param {Event} event
 * @returns {Step}
 */
export function step(state, event) {
  switch (event.type) {
    case "code":
      return check(state, event.code.trim());
    case "bus":
      return { state: { ...state, bus: event.bus }, effects: [{ type: "keep bus", bus: event.bus }] };
    case "answer":
      return { state: { ...state, asking: false, result: event.result, failure: null }, effects: [{ type: "told", verdict: event.result.verdict }] };
    case "failed":
      return still({ ...state, asking: false, failure: event.failure });
    case "not allowed":
      return { state: { ...state, asking: false, door: state.door === "open" ? "closed" : "wrong", camera: shut(state) }, effects: [{ type: "look away" }, { type: "ask login" }] };
    case "login":
      return still({ ...state, company: event.company });
    case "token":
      return { state, effects: [{ type: "sign in", token: event.token }] };
    case "token answer":
      return still({ ...state, door: event.taken ? "open" : "wrong", failure: null });
    case "camera":
      return event.on ? watch(state) : { state: { ...state, camera: "off" }, effects: [{ type: "look away" }] };
    case "camera denied":
      return still({ ...state, camera: "denied" });
    case "next":
      return still({ ...state, result: null, failure: null });
  }
}

/**
 * @param {State} state
 * @returns {Step}
 */
function still(state) {
  return { state, effects: [] };
}

/**
 * A camera sees the same code many times a second: while one is asked after, or its answer stands, others wait.
 *
 * @param {State} state
 * @param {string} code
 * @returns {Step}
 */
function check(state, code) {
  if (code === "" || state.asking || state.result !== null) return still(state);
  return { state: { ...state, asking: true, failure: null }, effects: [{ type: "check", code, bus: state.bus }] };
}

/**
 * @param {State} state
 * @returns {Step}
 */
function watch(state) {
  return state.camera === "none" ? still(state) : { state: { ...state, camera: "on" }, effects: [{ type: "watch" }] };
}

/**
 * @param {State} state
 * @returns {State["camera"]}
 */
function shut({ camera }) {
  return camera === "on" ? "off" : camera;
}
