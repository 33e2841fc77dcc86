/** Keeps the screen on while it is in sight; the browser takes the lock away whenever the page is hidden. Browser only. */

/** Asked again so long after a refusal: a tablet that was short of power may be charging now. */
const AGAIN_MS = 30_000;

/**
 * @param {(awake: boolean) => void} tell whether the screen is kept on
 * @returns {void}
 */
export function stayAwake(tell) {
  /** @type {WakeLockSentinel | null} */
  let held = null;
  /** @type {number | undefined} */
  let again;

  const hold = async () => {
    clearTimeout(again);
    if (document.visibilityState !== "visible" || (held !== null && !held.released)) return;
    try {
      held = (await navigator.wakeLock?.request("screen")) ?? null;
      held?.addEventListener("release", lost);
      tell(held !== null);
    } catch {
      tell(false);
      again = setTimeout(() => void hold(), AGAIN_MS);
    }
  };
  const lost = () => {
    tell(false);
    void hold();
  };

  document.addEventListener("visibilitychange", () => void hold());
  void hold();
}
