/** Frames of the rider's socket become events of the page's state. Pure. */

/**
 * @typedef {import("/static/shared/session.js").SessionEvent} SessionEvent
 * @typedef {import("/static/rider/stop/state.js").Event} Event
 * @typedef {import("/static/shared/wire.d.ts").RiderWelcome} RiderWelcome
 */

/**
 * @param {(event: Event) => void} dispatch
 * @returns {(event: SessionEvent) => void}
 */
export function listen(dispatch) {
  return (event) => {
    switch (event.type) {
      case "live": {
        const welcome = /** @type {RiderWelcome} */ (/** @type {unknown} */ (event.welcome));
        const bells = welcome.recovered ? null : (welcome.snapshot?.bells ?? []);
        return dispatch({ type: "live", serverAtMs: welcome.server_at_ms, bells });
      }
      case "lost":
        return dispatch({ type: "lost", sinceMs: event.heardMs });
      case "sign-in":
      case "superseded":
        return dispatch({ type: "lost", sinceMs: 0 });
      case "frame":
        if (["bell", "arrivals", "refused"].includes(event.frame.type)) {
          const message = /** @type {any} */ (event.frame);
          dispatch({ type: message.type, message });
        }
    }
  };
}
