/** The device's own receiver: a position about once a second, also while the bus stands. Browser only. */

/** A receiver that says nothing for so long is asked. */
const ASK_AFTER_MS = 1_500;
const LOST_AFTER_MS = 10_000;
const ASK_EVERY_MS = 1_000;

/**
 * @param {(position: import("/static/driver/motion.js").Position) => void} take
 * @param {(why: "denied" | "lost") => void} fail
 * @returns {void}
 */
export function watchPositions(take, fail) {
  if (!("geolocation" in navigator)) return fail("lost");
  let heardMs = Date.now();
  let asking = false;
  let denied = false;

  /** @param {GeolocationPosition} position */
  const taken = ({ coords, timestamp }) => {
    asking = false;
    heardMs = Date.now();
    take({
      atMs: timestamp,
      lat: coords.latitude,
      lon: coords.longitude,
      speedMps: coords.speed,
      headingDeg: coords.heading,
      accuracyM: coords.accuracy,
    });
  };
  /** @param {GeolocationPositionError} error */
  const failed = (error) => {
    asking = false;
    denied = error.code === error.PERMISSION_DENIED;
    if (denied) fail("denied");
    else if (Date.now() - heardMs > LOST_AFTER_MS) fail("lost");
  };
  const options = { enableHighAccuracy: true, maximumAge: 0, timeout: LOST_AFTER_MS };
  navigator.geolocation.watchPosition(taken, failed, options);
  setInterval(() => {
    if (asking || denied || Date.now() - heardMs < ASK_AFTER_MS) return;
    asking = true;
    navigator.geolocation.getCurrentPosition(taken, failed, options);
  }, ASK_EVERY_MS);
}
