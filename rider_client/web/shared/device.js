/** What the rider's pages ask of the phone itself: where it is, to shake, to have a sentence read out. Touches the device. */

const POSITION_WAIT_MS = 10_000;
/** Sentences that follow at once (passed, then told to the next bus) are spoken as the last one, which says both. */
const SPEAK_AFTER_MS = 250;

/**
 * Always measured anew: who was told "too far" walks on and taps again.
 *
 * @param {(position: {lat: number, lon: number, accuracy_m: number}) => void} found
 * @param {(why: "denied" | "unavailable") => void} failed
 */
export function locate(found, failed) {
  if (!("geolocation" in navigator)) return failed("unavailable");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => found({ lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.round(coords.accuracy) }),
    (error) => failed(error.code === error.PERMISSION_DENIED ? "denied" : "unavailable"),
    { enableHighAccuracy: true, maximumAge: 0, timeout: POSITION_WAIT_MS },
  );
}

/**
 * Whether the rider has allowed positions before: a page that opens with a question is closed.
 *
 * @returns {Promise<boolean>}
 */
export async function mayLocate() {
  try {
    return (await navigator.permissions.query({ name: "geolocation" })).state === "granted";
  } catch {
    return false;
  }
}

/**
 * Browsers let a page vibrate only once it was touched.
 *
 * @param {number | number[]} pattern milliseconds, on and off by turns
 */
export function vibrate(pattern) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}

/**
 * Puts sentences into a live region; the same one twice is said twice.
 *
 * @param {HTMLElement} region
 * @returns {(sentence: string) => void}
 */
export function speaker(region) {
  /** @type {number | undefined} */
  let waiting;
  return (sentence) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      region.textContent = region.textContent === sentence ? `${sentence}\u00a0` : sentence;
    }, SPEAK_AFTER_MS);
  };
}
