/** The shapes of buses and their numbers, drawn once for each size, theme and direction. Browser only. */

import { KINDS } from "/static/ops/live/fleet.js";

/**
 * @typedef {import("/static/ops/live/map/painter.js").Stamp} Stamp
 * @typedef {import("/static/ops/live/fleet.js").Kind} Kind
 * @typedef {{ground: string, raised: string, line: string, focus: string, ink: string, quiet: string, bell: string, alight: string, fault: string, face: string}} Colours
 */

/** Directions of an arrow: every 7.5 degrees, less than an eye sees at this size. */
export const HEADINGS = 48;
/** Half the size of a bus, in CSS pixels, from far to near. */
export const SIZES = [2.5, 5, 8, 10];
/** From here on a bus carries its number. */
export const NUMBERED = 3;
/** Widths of the rim that keeps a shape apart from lines and neighbours, in CSS pixels. */
const RIMS = [0.75, 1, 1.5, 2];
const LABELS_KEPT = 3_000;

/** @type {Record<Kind, keyof Colours>} */
const COLOUR_OF = { resting: "quiet", running: "ink", told: "bell", silent: "fault", astray: "fault" };

export class Stamps {
  #colours;
  #ratio;
  #context = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
  /** @type {(Stamp | undefined)[]} */
  #shapes = [];
  /** @type {Map<string, Stamp>} */
  #labels = new Map();
  /** @type {Map<number, Stamp>} */
  #rings = new Map();

  /**
   * @param {Colours} colours
   * @param {number} ratio device pixels in a CSS pixel
   */
  constructor(colours, ratio) {
    this.#colours = colours;
    this.#ratio = ratio;
  }

  /**
   * @param {number} size index into `SIZES`
   * @param {number} kind index into `KINDS`
   * @param {number} headingDeg
   * @returns {Stamp}
   */
  shape(size, kind, headingDeg) {
    const turn = kind === 1 || kind === 2 ? Math.round((headingDeg / 360) * HEADINGS + HEADINGS) % HEADINGS : 0;
    const key = (size * KINDS.length + kind) * HEADINGS + turn;
    return (this.#shapes[key] ??= this.#drawn(SIZES[size] ?? 0, RIMS[size] ?? 0, KINDS[kind] ?? "running", turn));
  }

  /**
   * @param {string} text
   * @returns {Stamp} with room above for the bus itself
   */
  label(text) {
    let stamp = this.#labels.get(text);
    if (stamp === undefined) {
      if (this.#labels.size >= LABELS_KEPT) this.#labels.clear();
      stamp = this.#written(text);
      this.#labels.set(text, stamp);
    }
    return stamp;
  }

  /**
   * @param {number} size
   * @returns {Stamp} what lies around the chosen bus
   */
  ring(size) {
    let stamp = this.#rings.get(size);
    if (stamp === undefined) {
      const half = (SIZES[size] ?? 0) + 9;
      stamp = this.#paint(2 * half, 2 * half, (c) => {
        c.lineWidth = 3;
        c.strokeStyle = this.#colours.bell;
        c.beginPath();
        c.arc(0, 0, half - 3, 0, 2 * Math.PI);
        c.stroke();
      });
      this.#rings.set(size, stamp);
    }
    return stamp;
  }

  /**
   * @param {number} half
   * @param {number} rim
   * @param {Kind} kind
   * @param {number} turn
   * @returns {Stamp}
   */
  #drawn(half, rim, kind, turn) {
    const box = 2 * (half + rim + 2);
    return this.#paint(box, box, (c) => {
      c.rotate((turn / HEADINGS) * 2 * Math.PI);
      outline(c, kind, half);
      c.lineJoin = "round";
      c.lineWidth = 2 * rim;
      c.strokeStyle = this.#colours.ground;
      c.stroke();
      const colour = this.#colours[COLOUR_OF[kind]];
      if ((kind === "resting" || kind === "silent") && half > 3) {
        c.fillStyle = this.#colours.raised;
        c.fill();
        c.lineWidth = half > 6 ? 2.5 : 2;
        c.strokeStyle = colour;
        c.stroke();
      } else {
        c.fillStyle = colour;
        c.fill();
      }
    });
  }

  /**
   * @param {string} text
   * @returns {Stamp}
   */
  #written(text) {
    const font = `700 12px ${this.#colours.face}`;
    this.#context.font = font;
    const width = Math.ceil(this.#context.measureText(text).width) + 10;
    return this.#paint(width, 18, (c) => {
      c.fillStyle = this.#colours.raised;
      c.strokeStyle = this.#colours.line;
      c.beginPath();
      c.roundRect(-width / 2 + 0.5, -8.5, width - 1, 17, 5);
      c.fill();
      c.stroke();
      c.font = font;
      c.fillStyle = this.#colours.ink;
      c.textAlign = "center";
      c.textBaseline = "middle";
      c.fillText(text, 0, 1);
    });
  }

  /**
   * @param {number} width CSS pixels
   * @param {number} height
   * @param {(context: CanvasRenderingContext2D) => void} draw around (0, 0)
   * @returns {Stamp}
   */
  #paint(width, height, draw) {
    const c = this.#context;
    const across = Math.ceil(width * this.#ratio);
    const down = Math.ceil(height * this.#ratio);
    c.canvas.width = across;
    c.canvas.height = down;
    c.setTransform(this.#ratio, 0, 0, this.#ratio, across / 2, down / 2);
    draw(c);
    return { width: across, height: down, pixels: new Uint32Array(c.getImageData(0, 0, across, down).data.buffer) };
  }
}

/**
 * Each kind has a shape of its own: an arrow runs, a ring rests, a diamond is off its way, a square is silent.
 *
 * @param {CanvasRenderingContext2D} c
 * @param {Kind} kind
 * @param {number} half
 */
function outline(c, kind, half) {
  c.beginPath();
  if (kind === "running" || kind === "told") {
    c.moveTo(0, -half);
    c.lineTo(half * 0.78, half);
    c.lineTo(0, half * 0.55);
    c.lineTo(-half * 0.78, half);
    c.closePath();
  } else if (kind === "resting") {
    c.arc(0, 0, half * 0.75, 0, 2 * Math.PI);
  } else if (kind === "astray") {
    c.moveTo(0, -half * 1.1);
    c.lineTo(half * 1.1, 0);
    c.lineTo(0, half * 1.1);
    c.lineTo(-half * 1.1, 0);
    c.closePath();
  } else {
    c.rect(-half * 0.8, -half * 0.8, half * 1.6, half * 1.6);
  }
}
