/** The life of one socket: ticket, hello, welcome, beat, ack, resume, and the way back after a lost link. Knows no page. */

import { Numbering, returnDelayMs } from "/static/shared/numbering.js";

/** No welcome within this time: the socket is given up (the server itself closes a silent one after 5 s). */
const WELCOME_MS = 8_000;
const TICKET_MS = 8_000;
/** Acknowledgements wait this long for company: one cumulative `ack` answers a burst. */
const ACK_MS = 100;
/** A link is dead after this many heartbeats without a word from the server. */
const SILENT_BEATS = 2.2;

const SUPERSEDED = 4409;
const FORBIDDEN = 4403;

/**
 * @typedef {{type: string, seq?: number, [field: string]: unknown}} Frame
 * @typedef {(
 *   | {type: "live", welcome: Frame, atMs: number}
 *   | {type: "lost", heardMs: number, why: "cut" | "silent" | "offline" | "drain"}
 *   | {type: "frame", frame: Frame}
 *   | {type: "sign-in", why: "needed" | "forbidden"}
 *   | {type: "superseded"}
 * )} SessionEvent
 * @typedef {{
 *   path: string,
 *   ticket: {role: string, vehicle_id?: string},
 *   lang: string,
 *   capMs: number,
 *   tell: (event: SessionEvent) => void,
 * }} SessionOptions
 */

export class Session {
  #options;
  #numbering = new Numbering();
  /** @type {WebSocket | null} */
  #socket = null;
  #live = false;
  #stopped = true;
  #failures = 0;
  #heardMs = Date.now();
  #sentMs = 0;
  #drainMs = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pulse;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #ack;
  #attempt = 0;

  /** @param {SessionOptions} options */
  constructor(options) {
    this.#options = options;
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.#lose("offline"));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#hurry();
    });
  }

  /** Connect, and stay connected until a newer session or a missing right ends it. */
  start() {
    this.#stopped = false;
    clearTimeout(this.#retry);
    void this.#connect();
  }

  /**
   * @param {Frame} frame
   * @returns {boolean} false when there is no live link; the caller decides what must be said again later
   */
  send(frame) {
    if (!this.#live || this.#socket === null) return false;
    this.#write(frame);
    return true;
  }

  async #connect() {
    const attempt = ++this.#attempt;
    const ticket = await this.#fetchTicket();
    if (this.#stopped || attempt !== this.#attempt) return;
    if (ticket === null) return this.#later();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.#options.path}`);
    this.#socket = socket;
    const giveUp = setTimeout(() => this.#drop(socket, "silent"), WELCOME_MS);
    socket.onopen = () => {
      this.#write({ type: "hello", ticket, lang: this.#options.lang, resume: this.#numbering.resume });
    };
    socket.onmessage = (event) => {
      const frame = /** @type {Frame} */ (JSON.parse(String(event.data)));
      this.#heardMs = Date.now();
      if (frame.type === "welcome") clearTimeout(giveUp);
      this.#take(socket, frame);
    };
    socket.onclose = (event) => {
      clearTimeout(giveUp);
      this.#closed(socket, event.code);
    };
  }

  /** @returns {Promise<string | null>} null: not now, try again later (or never, when the session was stopped) */
  async #fetchTicket() {
    try {
      const answer = await fetch("/v1/ws-ticket", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(this.#options.ticket),
        signal: AbortSignal.timeout(TICKET_MS),
      });
      if (answer.status === 401 || answer.status === 403) {
        this.#stop({ type: "sign-in", why: answer.status === 401 ? "needed" : "forbidden" });
        return null;
      }
      return answer.ok ? String((await answer.json()).ticket) : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {Frame} frame
   */
  #take(socket, frame) {
    if (frame.type === "welcome") return this.#welcomed(socket, frame);
    if (frame.type === "drain") {
      this.#drainMs = Number(frame["reconnect_in_ms"]);
      return;
    }
    if (frame.type === "beat") return;
    if (frame.seq !== undefined) {
      const verdict = this.#numbering.take(frame.seq);
      if (verdict === "repeated") return;
      if (verdict === "gap") {
        this.#numbering.forget();
        return this.#drop(socket, "cut");
      }
      this.#ack ??= setTimeout(() => this.#acknowledge(), ACK_MS);
    }
    this.#options.tell({ type: "frame", frame });
  }

  /**
   * @param {WebSocket} socket
   * @param {Frame} frame
   */
  #welcomed(socket, frame) {
    const welcome = /** @type {{epoch: string, seq: number, recovered: boolean, heartbeat_s: number}} */ (
      /** @type {unknown} */ (frame)
    );
    this.#numbering.welcome(welcome);
    this.#live = true;
    this.#failures = 0;
    this.#drainMs = 0;
    const beatMs = welcome.heartbeat_s * 1000;
    clearInterval(this.#pulse);
    this.#pulse = setInterval(() => this.#beat(socket, beatMs), beatMs / 4);
    this.#options.tell({ type: "live", welcome: frame, atMs: Date.now() });
  }

  /**
   * @param {WebSocket} socket
   * @param {number} beatMs
   */
  #beat(socket, beatMs) {
    const now = Date.now();
    if (now - this.#heardMs > beatMs * SILENT_BEATS) return this.#drop(socket, "silent");
    if (now - this.#sentMs >= beatMs) this.#write({ type: "beat" });
  }

  #acknowledge() {
    this.#ack = undefined;
    const place = this.#numbering.resume;
    if (this.#live && place !== undefined) this.#write({ type: "ack", ...place });
  }

  /** @param {Frame} frame */
  #write(frame) {
    this.#sentMs = Date.now();
    this.#socket?.send(JSON.stringify(frame));
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #closed(socket, code) {
    if (socket !== this.#socket) return;
    if (code === SUPERSEDED) return this.#stop({ type: "superseded" });
    if (code === FORBIDDEN) return this.#stop({ type: "sign-in", why: "forbidden" });
    this.#drop(socket, this.#drainMs > 0 ? "drain" : "cut");
  }

  /**
   * Leave a socket without waiting for its close frame: over a dead link that would take minutes.
   *
   * @param {WebSocket} socket
   * @param {"cut" | "silent" | "drain"} why
   */
  #drop(socket, why) {
    if (socket !== this.#socket) return;
    this.#release();
    this.#options.tell({ type: "lost", heardMs: this.#heardMs, why });
    this.#later();
  }

  /** @param {"offline"} why */
  #lose(why) {
    if (this.#stopped) return;
    this.#release();
    this.#options.tell({ type: "lost", heardMs: this.#heardMs, why });
    this.#later();
  }

  #release() {
    const socket = this.#socket;
    this.#socket = null;
    this.#live = false;
    this.#attempt += 1;
    clearInterval(this.#pulse);
    clearTimeout(this.#ack);
    this.#ack = undefined;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #later() {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    const wait = this.#drainMs * (0.5 + Math.random()) || returnDelayMs(this.#failures, Math.random(), this.#options.capMs);
    this.#failures += 1;
    this.#drainMs = 0;
    this.#retry = setTimeout(() => void this.#connect(), wait);
  }

  /** Somebody looks at the page, or the network is back: do not wait out the delay. */
  #hurry() {
    if (this.#stopped || this.#socket !== null) return;
    clearTimeout(this.#retry);
    void this.#connect();
  }

  /** @param {{type: "sign-in", why: "needed" | "forbidden"} | {type: "superseded"}} event */
  #stop(event) {
    this.#stopped = true;
    this.#release();
    clearTimeout(this.#retry);
    this.#options.tell(event);
  }
}
