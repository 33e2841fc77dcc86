/** Codes read by the browser itself (`BarcodeDetector`), where it can. Touches the camera; no picture is kept or sent. */

const LOOK_MS = 250;

/** @typedef {{detect: (source: HTMLVideoElement) => Promise<{rawValue: string}[]>}} Detector */

/** @returns {Promise<boolean>} */
export async function canRead() {
  const known = /** @type {any} */ (globalThis).BarcodeDetector;
  if (known === undefined || navigator.mediaDevices === undefined) return false;
  return (await known.getSupportedFormats().catch(() => [])).includes("qr_code");
}

export class Camera {
  /** @type {MediaStream | null} */
  #stream = null;
  #timer = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {(code: string) => void} found  called for each look that finds one
   */
  constructor(video, found) {
    this.video = video;
    this.found = found;
  }

  /** @returns {Promise<boolean>} false where the camera may not be used */
  async watch() {
    const detector = /** @type {Detector} */ (new /** @type {any} */ (globalThis).BarcodeDetector({ formats: ["qr_code"] }));
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      return false;
    }
    this.video.srcObject = this.#stream;
    void this.video.play().catch(() => undefined);
    this.#timer = setInterval(() => void this.#look(detector), LOOK_MS);
    return true;
  }

  /** @param {Detector} detector */
  async #look(detector) {
    const [code] = await detector.detect(this.video).catch(() => []);
    if (code !== undefined) this.found(code.rawValue);
  }

  end() {
    clearInterval(this.#timer);
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.video.srcObject = null;
  }
}
