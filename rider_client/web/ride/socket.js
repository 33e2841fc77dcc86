/** Frames of the rider's socket become events of the app: the stop page's own, and those of rides. Pure. */

import { listen } from "/static/rider/stop/socket.js";

/**
 * @typedef {import("/static/shared/session.js").SessionEvent} SessionEvent
 * @typedef {import("/static/rider/ride/state.js").Event} Event
 * @typedef {import("/static/shared/wire.d.ts").RiderWelcome} RiderWelcome
 */

/**
 * @param {(event: Event) => void} dispatch
 * @returns {(event: SessionEvent) => void}
 */
export function listenApp(dispatch) {
  const toStop = listen((event) => dispatch({ to: "stop", event }));
  return (event) => {
    if (event.type === "live") return dispatch({ to: "all", event: welcomed(/** @type {any} */ (event.welcome)) });
    if (event.type !== "frame") return toStop(event);
    const message = /** @type {any} */ (event.frame);
    switch (message.type) {
      case "bus":
      case "ride":
        return dispatch({ to: "aboard", event: { type: message.type, message } });
      case "refused":
        return dispatch({ to: "all", event: { type: "refused", message } });
      case "bell":
        if (message.kind === "alight") return dispatch({ to: "aboard", event: { type: "bell", message } });
        return toStop(event);
      default:
        return toStop(event);
    }
  };
}

/**
 * @param {RiderWelcome} welcome
 * @returns {{type: "live", serverAtMs: number, bells: import("/static/shared/wire.d.ts").BellMessage[] | null,
 *   rides: import("/static/shared/wire.d.ts").RideMessage[] | null}}
 */
function welcomed({ server_at_ms: serverAtMs, recovered, snapshot }) {
  return { type: "live", serverAtMs, bells: recovered ? null : (snapshot?.bells ?? []), rides: recovered ? null : (snapshot?.rides ?? []) };
}
