/** Positions from the receiver beside this screen: the SDK's bridge reads it and hands each place on. Browser only. */

const LOST_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
const AGAIN_MS = 1_000;

/**
 * @typedef {{type: "position", lat: number, lon: number, at_ms: number, speed_mps?: number, heading_deg?: number, accuracy_m?: number}} Told
 */

/**
 * @param {number} port of the bridge on this device
 * @param {(position: import("/static/driver/motion.js").Position) => void} take
 * @param {(why: "lost") => void} fail
 * @returns {void}
 */
export function watchReceiver(port, take, fail) {
  let heardMs = Date.now();
  const open = () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/positions`);
    socket.onmessage = (event) => {
      const told = /** @type {Told} */ (JSON.parse(String(event.data)));
      heardMs = Date.now();
      take({
        atMs: told.at_ms,
        lat: told.lat,
        lon: told.lon,
        speedMps: told.speed_mps ?? null,
        headingDeg: told.heading_deg ?? null,
        accuracyM: told.accuracy_m ?? null,
      });
    };
    socket.onclose = () => setTimeout(open, AGAIN_MS);
  };
  open();
  setInterval(() => {
    if (Date.now() - heardMs > LOST_AFTER_MS) fail("lost");
  }, LOOK_EVERY_MS);
}
