/** Says where a rider who waits is, so that the bell of one who walked away ends by itself. Touches the device. */

/** Two reports ten seconds apart tell that somebody left; more often only empties the battery. */
const EVERY_MS = 15_000;
/** A waiting person does not move: a position this old is still right. */
const MAX_AGE_MS = 10_000;

/**
 * @typedef {import("/static/shared/wire.d.ts").StillThere} StillThere
 */

/** Follows the device while bells are open whose rider let the page see where it is; asks for no permission itself. */
export class Staying {
  /** @param {(message: StillThere) => void} send */
  constructor(send) {
    this._send = send;
    /** @type {readonly string[]} */
    this._bells = [];
    /** @type {number | null} */
    this._watch = null;
    this._saidMs = 0;
    this._asking = false;
  }

  /**
   * Which boarding bells wait for a bus now. Called as often as one likes.
   *
   * @param {readonly string[]} bells
   */
  follow(bells) {
    this._bells = bells;
    if (bells.length === 0) return this._stop();
    if (this._watch !== null || this._asking) return;
    this._asking = true;
    void this._begin();
  }

  async _begin() {
    const allowed = await mayLook();
    this._asking = false;
    if (!allowed || this._bells.length === 0 || this._watch !== null) return;
    this._watch = navigator.geolocation.watchPosition(
      ({ coords }) => this._tell(coords),
      () => this._stop(),
      { enableHighAccuracy: false, maximumAge: MAX_AGE_MS },
    );
  }

  /** @param {GeolocationCoordinates} coords */
  _tell({ latitude, longitude, accuracy }) {
    const now = Date.now();
    if (now - this._saidMs < EVERY_MS) return;
    this._saidMs = now;
    const presence = { lat: latitude, lon: longitude, accuracy_m: Math.round(accuracy) };
    for (const bell of this._bells) this._send({ type: "presence", bell_id: bell, presence });
  }

  _stop() {
    if (this._watch !== null) navigator.geolocation.clearWatch(this._watch);
    this._watch = null;
  }
}

/** @returns {Promise<boolean>} whether the rider has let this page see where it is, for its ring */
async function mayLook() {
  if (!("geolocation" in navigator) || !("permissions" in navigator)) return false;
  try {
    return (await navigator.permissions.query({ name: "geolocation" })).state === "granted";
  } catch {
    return false;
  }
}
