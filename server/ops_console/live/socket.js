/** Frames of the operator's socket become events of the page's state. Pure. */

/**
 * @typedef {import("/static/shared/session.js").SessionEvent} SessionEvent
 * @typedef {import("/static/ops/live/state.js").Event} Event
 * @typedef {import("/static/shared/wire.d.ts").Welcome} Welcome
 */

const TAKEN = ["vehicles", "bell_event", "metrics"];

/**
 * @param {(event: Event) => void} dispatch
 * @returns {(event: SessionEvent) => void}
 */
export function listen(dispatch) {
  return (event) => {
    switch (event.type) {
      case "live": {
        const welcome = /** @type {Welcome} */ (/** @type {unknown} */ (event.welcome));
        return dispatch({ type: "live", serverAtMs: welcome.server_at_ms });
      }
      case "lost":
        return dispatch({ type: "lost", heardMs: event.heardMs });
      case "superseded":
        return dispatch({ type: "lost", heardMs: 0 });
      case "frame":
        if (TAKEN.includes(event.frame.type)) {
          const message = /** @type {any} */ (event.frame);
          dispatch({ type: message.type, message });
        }
    }
  };
}
