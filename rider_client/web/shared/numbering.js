/** Which numbered messages are new: `(epoch, seq)` of one stream, and when to come back after a lost link. Pure. */

/**
 * @typedef {{epoch: string, seq: number}} Place
 * @typedef {"new" | "repeated" | "gap"} Verdict
 */

export class Numbering {
  /** @type {Place | null} */
  #place = null;
  #replayedTo = 0;

  /** Where a new socket may continue, or undefined for a first one. */
  get resume() {
    return this.#place === null ? undefined : { ...this.#place };
  }

  /**
   * A welcome arrived. Frames up to its number may skip numbers: of several messages about one thing only the
   * latest is sent again.
   *
   * @param {{epoch: string, seq: number, recovered: boolean}} welcome
   * @returns {void}
   */
  welcome({ epoch, seq, recovered }) {
    this.#replayedTo = seq;
    if (!recovered || this.#place === null) this.#place = { epoch, seq };
  }

  /**
   * @param {number} seq
   * @returns {Verdict}
   */
  take(seq) {
    if (this.#place === null) return "gap";
    const last = this.#place.seq;
    if (seq <= last) return "repeated";
    if (seq > last + 1 && seq > this.#replayedTo) return "gap";
    this.#place = { ...this.#place, seq };
    return "new";
  }

  /** Forget the place: the next welcome brings a snapshot. */
  forget() {
    this.#place = null;
  }
}

/**
 * Full jitter: anywhere between now and a limit that doubles with each failure, so that many clients never return
 * together after a restart.
 *
 * @param {number} failures failures in a row, from 0
 * @param {number} random 0..1
 * @param {number} capMs the limit's limit
 * @returns {number} milliseconds
 */
export function returnDelayMs(failures, random, capMs) {
  const FIRST_MS = 500;
  return Math.round(random * Math.min(capMs, FIRST_MS * 2 ** Math.min(failures, 16)));
}
