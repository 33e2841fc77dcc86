/** Frames of the terminal's socket become events of the screen's state. Pure. */

/**
 * @typedef {import("/static/shared/session.js").SessionEvent} SessionEvent
 * @typedef {import("/static/driver/state.js").Event} Event
 * @typedef {import("/static/shared/wire.d.ts").TerminalWelcome} TerminalWelcome
 */

const TAKEN = ["trip", "alert", "clear", "suggestions", "refused"];

/**
 * @param {(event: Event) => void} dispatch
 * @returns {(event: SessionEvent) => void}
 */
export function listen(dispatch) {
  return (event) => {
    switch (event.type) {
      case "live": {
        const welcome = /** @type {TerminalWelcome} */ (/** @type {unknown} */ (event.welcome));
        const snapshot = welcome.recovered ? null : (welcome.snapshot ?? { trip: null, alerts: [] });
        return dispatch({ type: "live", serverAtMs: welcome.server_at_ms, snapshot });
      }
      case "lost":
        return dispatch({ type: "lost", heardMs: event.heardMs });
      case "sign-in":
        return dispatch({ type: "door", door: event.why === "needed" ? "token" : "forbidden" });
      case "superseded":
        return dispatch({ type: "door", door: "superseded" });
      case "frame":
        if (TAKEN.includes(event.frame.type)) {
          const message = /** @type {any} */ (event.frame);
          dispatch({ type: message.type, message });
        }
    }
  };
}
