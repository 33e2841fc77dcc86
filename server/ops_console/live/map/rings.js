/** Bells on the map: a ring at each stop that has some, which pulses once when one is rung. Browser only. */

import { project } from "/static/ops/live/map/camera.js";

/**
 * @typedef {{key: string, x: number, y: number, kind: "board" | "alight", bells: number, rungMs: number}} Ring
 * @typedef {import("/static/ops/live/map/camera.js").Camera} Camera
 */

const PULSE_MS = 200;
const RADIUS_PX = 9;
const RADIUS_FAR_PX = 4.5;
/** From here on (pixels for the whole world, about 20 m each) rings have their full size and count. */
const NEAR_SCALE = 1.6e6;

export class Rings {
  #c;
  /** @type {Ring[]} */
  #rings = [];
  /** When each ring's newest bell was first shown here. @type {Map<string, {rungMs: number, sinceMs: number}>} */
  #shown = new Map();
  #pulseEnds = 0;

  /** @param {CanvasRenderingContext2D} c */
  constructor(c) {
    this.#c = c;
  }

  get pulsing() {
    return performance.now() < this.#pulseEnds + 50;
  }

  /**
   * @param {Ring[]} rings
   * @param {number} nowMs of the monotonic clock
   * @param {boolean} still no pulses
   */
  show(rings, nowMs, still) {
    const first = this.#shown.size === 0;
    /** @type {Map<string, {rungMs: number, sinceMs: number}>} */
    const shown = new Map();
    for (const { key, rungMs } of rings) {
      const before = this.#shown.get(key);
      const fresh = (before === undefined || before.rungMs < rungMs) && !first && !still;
      if (fresh) this.#pulseEnds = nowMs + PULSE_MS;
      shown.set(key, { rungMs, sinceMs: fresh ? nowMs : (before?.sinceMs ?? -Infinity) });
    }
    this.#rings = rings;
    this.#shown = shown;
  }

  /**
   * @param {Camera} camera
   * @param {number} ratio
   * @param {import("/static/ops/live/map/stamps.js").Colours} colours
   * @param {number} nowMs
   */
  draw(camera, ratio, colours, nowMs) {
    const c = this.#c;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, camera.width, camera.height);
    const near = camera.scale > NEAR_SCALE;
    const radius = near ? RADIUS_PX : RADIUS_FAR_PX;
    c.font = `700 11px ${colours.face}`;
    c.textAlign = "center";
    c.textBaseline = "middle";
    for (const ring of this.#rings) {
      const { px, py } = project(camera, ring.x, ring.y);
      if (px < -30 || py < -30 || px > camera.width + 30 || py > camera.height + 30) continue;
      const pulse = Math.min(1, (nowMs - (this.#shown.get(ring.key)?.sinceMs ?? -Infinity)) / PULSE_MS);
      const colour = ring.kind === "board" ? colours.bell : colours.alight;
      c.strokeStyle = colour;
      c.lineWidth = near ? 3 : 2;
      circle(c, px, py, radius);
      if (pulse < 1) {
        c.globalAlpha = 1 - pulse;
        circle(c, px, py, radius + 24 * pulse);
        c.globalAlpha = 1;
      }
      if (near && ring.bells > 1) {
        c.fillStyle = colour;
        c.fillText(String(ring.bells), px + radius + 8, py - radius);
      }
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function circle(c, x, y, radius) {
  c.beginPath();
  c.arc(x, y, radius, 0, 2 * Math.PI);
  c.stroke();
}
