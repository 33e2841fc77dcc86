/** The operator's one socket, heard by whatever section is open. Browser only. */

import { Session } from "/static/shared/session.js";

/**
 * @typedef {import("/static/shared/session.js").SessionEvent} SessionEvent
 * @typedef {import("/static/shared/session.js").Frame} Frame
 */

const RETURN_AT_MOST_MS = 15_000;

export class Link {
  /** @type {Set<(event: SessionEvent) => void>} */
  #listeners = new Set();
  /** @type {SessionEvent | null} */
  #last = null;
  #aheadMs = 0;
  #session;

  /** @param {string} lang */
  constructor(lang) {
    this.#session = new Session({
      path: "/v1/ws/operator",
      ticket: { role: "operator" },
      lang,
      capMs: RETURN_AT_MOST_MS,
      tell: (event) => this.#tell(event),
    });
  }

  start() {
    this.#session.start();
  }

  /** By how much the server's clock is ahead of this device's, ms. */
  get aheadMs() {
    return this.#aheadMs;
  }

  /** @returns {boolean} */
  get live() {
    return this.#last?.type === "live";
  }

  /**
   * @param {Frame} frame
   * @returns {boolean} false when there is no live link
   */
  send(frame) {
    return this.#session.send(frame);
  }

  /**
   * Hear everything from now on; what the link is at the moment (`live`, `lost`, ...) at once. A section asks for what
   * it follows (`watch`) whenever it hears `live`.
   *
   * @param {(event: SessionEvent) => void} hear
   * @returns {() => void} hear no more
   */
  listen(hear) {
    this.#listeners.add(hear);
    if (this.#last !== null) hear(this.#last);
    return () => this.#listeners.delete(hear);
  }

  /** @param {SessionEvent} event */
  #tell(event) {
    if (event.type !== "frame") this.#last = event;
    if (event.type === "live") this.#aheadMs = Number(event.welcome["server_at_ms"]) - event.atMs;
    for (const hear of [...this.#listeners]) hear(event);
  }
}
