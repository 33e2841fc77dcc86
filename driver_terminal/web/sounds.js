/** Three chimes made on the spot: no file, nothing to download, each at most 0.6 s and below warning sounds. Browser only. */

/** Peak of a chime, of 1: a quarter, well under the vehicle's own warnings. */
const PEAK = 0.25;
const FADE_S = 0.02;
/** What leaves the page when a chime plays; silence is zero to the last digit. */
const AUDIBLE = PEAK / 4;
const LISTEN_EVERY_MS = 30;

/** @type {Record<import("/static/driver/state.js").Chime, {hz: number, fromS: number, toS: number}[]>} */
export const CHIMES = {
  boarding: [
    { hz: 660, fromS: 0, toS: 0.26 },
    { hz: 880, fromS: 0.28, toS: 0.58 },
  ],
  alighting: [
    { hz: 880, fromS: 0, toS: 0.26 },
    { hz: 660, fromS: 0.28, toS: 0.58 },
  ],
  need: [
    { hz: 740, fromS: 0, toS: 0.14 },
    { hz: 740, fromS: 0.22, toS: 0.36 },
    { hz: 740, fromS: 0.44, toS: 0.58 },
  ],
};

/**
 * @param {BaseAudioContext} audio
 * @param {AudioNode} to
 * @param {import("/static/driver/state.js").Chime} chime
 * @returns {void}
 */
export function sound(audio, to, chime) {
  for (const { hz, fromS, toS } of CHIMES[chime]) {
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    const start = audio.currentTime + fromS;
    const end = audio.currentTime + toS;
    tone.frequency.value = hz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(PEAK, start + FADE_S);
    gain.gain.setValueAtTime(PEAK, end - FADE_S * 2);
    gain.gain.linearRampToValueAtTime(0, end);
    tone.connect(gain).connect(to);
    tone.start(start);
    tone.stop(end);
  }
}

export class Speaker {
  /** @type {AudioContext | null} */
  #audio = null;
  /** @type {AnalyserNode | null} */
  #ear = null;

  /** @param {(silent: boolean) => void} tell whether the browser keeps the page silent until it is touched once */
  constructor(tell) {
    if (!("AudioContext" in window)) {
      tell(true);
      return;
    }
    const audio = new AudioContext();
    this.#audio = audio;
    this.#ear = audio.createAnalyser();
    this.#ear.connect(audio.destination);
    const report = () => tell(audio.state !== "running");
    audio.addEventListener("statechange", report);
    addEventListener("pointerdown", () => void audio.resume());
    addEventListener("keydown", () => void audio.resume());
    report();
  }

  /** @param {import("/static/driver/state.js").Chime} chime */
  play(chime) {
    if (this.#audio === null || this.#ear === null || this.#audio.state !== "running") return;
    sound(this.#audio, this.#ear, chime);
  }

  /**
   * Play a chime and listen to what leaves the page.
   *
   * @param {import("/static/driver/state.js").Chime} chime
   * @param {number} spanMs
   * @returns {Promise<boolean>} whether it was there; that the loudspeaker gave it out only the driver's ear can tell
   */
  async check(chime, spanMs) {
    const ear = this.#ear;
    if (ear === null) return false;
    this.play(chime);
    const samples = new Float32Array(ear.fftSize);
    let loudest = 0;
    const listening = setInterval(() => {
      ear.getFloatTimeDomainData(samples);
      loudest = samples.reduce((most, one) => Math.max(most, Math.abs(one)), loudest);
    }, LISTEN_EVERY_MS);
    await new Promise((done) => setTimeout(done, spanMs));
    clearInterval(listening);
    return loudest >= AUDIBLE;
  }
}
