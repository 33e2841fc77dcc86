/** The map: ground from a worker, bells as rings, buses stamped into a picture of their own each frame. Browser only. */

import { KINDS } from "/static/ops/live/fleet.js";
import { fitted, metresPerPixel, project, zoomed } from "/static/ops/live/map/camera.js";
import { followGestures } from "/static/ops/live/map/gestures.js";
import { Painter } from "/static/ops/live/map/painter.js";
import { Rings } from "/static/ops/live/map/rings.js";
import { NUMBERED, SIZES, Stamps } from "/static/ops/live/map/stamps.js";

/**
 * @typedef {import("/static/ops/live/fleet.js").Fleet} Fleet
 * @typedef {import("/static/ops/live/map/camera.js").Camera} Camera
 * @typedef {import("/static/ops/live/map/camera.js").Box} Box
 * @typedef {import("/static/ops/live/map/ground_worker.js").Outline} Outline
 * @typedef {import("/static/ops/live/map/ground_worker.js").Report} Report
 * @typedef {import("/static/ops/live/map/stamps.js").Colours} Colours
 * @typedef {import("/static/ops/live/map/rings.js").Ring} Ring
 *
 * What of the fleet is drawn: `hides` leaves buses out, `chosen` is ringed, `follows` keeps it in the middle.
 * @typedef {{hides: (slot: number) => boolean, chosen: number | null, follows: boolean}} Choice
 *
 * @typedef {{
 *   fleet: Fleet,
 *   loaded: (outline: Outline | null) => void,
 *   moved: (camera: Camera) => void,
 *   picked: (slot: number | null) => void,
 *   released: () => void,
 * }} MapOptions
 */

/** Metres per pixel under which buses grow a size: dots of a province, arrows of a town, of a quarter, of a street. */
const GROWS_M = [40, 10, 3];
const PICK_PX = 16;
/** A bus this far outside still reaches in with its number. */
const MARGIN_PX = 40;
/** Seen when nothing is known yet: South Korea. */
const KOREA = { west: 0.8472, north: 0.3836, east: 0.8612, south: 0.3994 };
const GROUND_AGAIN_MS = 120;
const DENSEST = 2;

export class MapView {
  #options;
  #holder;
  /** @type {CanvasRenderingContext2D} */
  #ground;
  /** @type {CanvasRenderingContext2D} */
  #marks;
  /** @type {CanvasRenderingContext2D} */
  #buses;
  /** @type {Camera} */
  #camera;
  /** @type {{bitmap: ImageBitmap, camera: Camera} | null} */
  #sheet = null;
  #worker = new Worker("/static/ops/live/map/ground_worker.js", { type: "module" });
  /** @type {Choice} */
  #choice = { hides: () => false, chosen: null, follows: false };
  /** @type {number | null} */
  #focusRoute = null;
  /** @type {Stamps} */
  #stamps;
  /** @type {Painter} */
  #painter;
  /** @type {ImageData} */
  #picture;
  #rings;
  /** @type {Colours} */
  #colours;
  #ratio = 1;
  #seen = new Int32Array(0);
  #seenX = new Float32Array(0);
  #seenY = new Float32Array(0);
  #frame = 0;
  #groundAsked = 0;
  #groundDue = true;
  #marksDue = true;
  #touched = false;
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #themes = matchMedia("(prefers-color-scheme: dark)");
  #sizes;
  #themeChoice;

  /**
   * @param {HTMLElement} holder takes the whole size; gets the focus and the gestures
   * @param {MapOptions} options
   */
  constructor(holder, options) {
    this.#holder = holder;
    this.#options = options;
    this.#ground = layer(holder);
    this.#marks = layer(holder);
    this.#buses = layer(holder);
    this.#camera = fitted({ x: 0.5, y: 0.5, scale: 1024, width: 800, height: 600 }, KOREA, 0);
    this.#rings = new Rings(this.#marks);
    this.#colours = coloursOf(holder);
    this.#stamps = new Stamps(this.#colours, 1);
    this.#picture = new ImageData(1, 1);
    this.#painter = new Painter(1, 1, new Uint32Array(1));
    this.#sizes = new ResizeObserver(() => this.#resize());
    this.#sizes.observe(holder);
    this.#themeChoice = new MutationObserver(this.#dress);
    this.#themeChoice.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.#themes.addEventListener("change", this.#dress);
    this.#worker.onmessage = (event) => this.#hear(event.data);
    followGestures(holder, {
      camera: () => this.#camera,
      move: (camera) => this.#moveByHand(camera),
      click: (px, py) => options.picked(this.pick(px, py)),
    });
    this.#resize();
    this.#frame = requestAnimationFrame(this.#draw);
  }

  /** Ask for the network's outline. */
  load() {
    this.#worker.postMessage({ type: "load", url: new URL("/v1/outline", location.href).href });
  }

  end() {
    cancelAnimationFrame(this.#frame);
    this.#worker.terminate();
    this.#sizes.disconnect();
    this.#themeChoice.disconnect();
    this.#themes.removeEventListener("change", this.#dress);
  }

  get camera() {
    return this.#camera;
  }

  /** @param {Choice} choice */
  choose(choice) {
    this.#choice = choice;
  }

  /** @param {number | null} route index into the outline's routes */
  focusRoute(route) {
    if (route === this.#focusRoute) return;
    this.#focusRoute = route;
    this.#groundDue = true;
  }

  /** @param {Ring[]} rings */
  showRings(rings) {
    this.#rings.show(rings, performance.now(), this.#still.matches);
    this.#marksDue = true;
  }

  /** @param {Box} box */
  fit(box) {
    this.#move(fitted(this.#camera, box));
  }

  /** @param {number} factor */
  zoom(factor) {
    this.#moveByHand(zoomed(this.#camera, factor));
  }

  /**
   * @param {number} slot
   * @param {number} [scale] at least so near
   */
  goTo(slot, scale = 0) {
    const at = this.#options.fleet.at(slot, Date.now());
    this.#move({ ...this.#camera, ...at, scale: Math.max(this.#camera.scale, scale) });
  }

  /**
   * @param {number} px
   * @param {number} py
   * @returns {number | null} the nearest bus under a finger or pointer
   */
  pick(px, py) {
    const { fleet } = this.#options;
    const now = Date.now();
    let best = PICK_PX;
    let found = null;
    for (let slot = 0; slot < fleet.size; slot++) {
      if (fleet.rows[slot] == null || this.#choice.hides(slot)) continue;
      const at = fleet.at(slot, now);
      const on = project(this.#camera, at.x, at.y);
      const away = Math.hypot(on.px - px, on.py - py);
      if (away < best) [best, found] = [away, slot];
    }
    return found;
  }

  // -- moving ------------------------------------------------------------------

  /** @param {Camera} camera */
  #moveByHand(camera) {
    this.#touched = true;
    if (this.#choice.follows) this.#options.released();
    this.#move(camera);
  }

  /** @param {Camera} camera */
  #move(camera) {
    this.#camera = camera;
    this.#groundDue = this.#marksDue = true;
    this.#options.moved(camera);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#holder;
    if (width === 0 || height === 0) return;
    this.#ratio = Math.min(DENSEST, devicePixelRatio || 1);
    for (const { canvas } of [this.#ground, this.#marks, this.#buses]) {
      canvas.width = Math.round(width * this.#ratio);
      canvas.height = Math.round(height * this.#ratio);
    }
    this.#picture = new ImageData(this.#buses.canvas.width, this.#buses.canvas.height);
    this.#painter = new Painter(this.#picture.width, this.#picture.height, new Uint32Array(this.#picture.data.buffer));
    this.#stamps = new Stamps(this.#colours, this.#ratio);
    this.#move({ ...this.#camera, width, height });
  }

  #dress = () => {
    this.#colours = coloursOf(this.#holder);
    this.#stamps = new Stamps(this.#colours, this.#ratio);
    this.#groundDue = this.#marksDue = true;
  };

  /** @param {Report} report */
  #hear(report) {
    switch (report.type) {
      case "loaded":
        this.#groundDue = true;
        if (!this.#touched && report.outline.box !== null) this.fit(report.outline.box);
        return this.#options.loaded(report.outline);
      case "failed":
        return this.#options.loaded(null);
      case "drawn":
        this.#sheet?.bitmap.close();
        this.#sheet = { bitmap: report.bitmap, camera: report.camera };
        this.#marksDue = true;
        return this.#layGround();
    }
  }

  // -- drawing -----------------------------------------------------------------

  #draw = () => {
    this.#frame = requestAnimationFrame(this.#draw);
    const now = Date.now();
    if (this.#choice.follows && this.#choice.chosen !== null) this.#keepUp(this.#choice.chosen, now);
    if (this.#groundDue) this.#askGround();
    if (this.#marksDue || this.#rings.pulsing) {
      this.#marksDue = false;
      this.#layGround();
      this.#rings.draw(this.#camera, this.#ratio, this.#colours, performance.now());
    }
    this.#stampBuses(now);
  };

  /**
   * @param {number} slot
   * @param {number} now
   */
  #keepUp(slot, now) {
    const at = this.#options.fleet.at(slot, now);
    const off = project(this.#camera, at.x, at.y);
    if (Math.hypot(off.px - this.#camera.width / 2, off.py - this.#camera.height / 2) < 0.5) return;
    this.#move({ ...this.#camera, ...at });
  }

  /** The ground is drawn again when the map has moved, a few times a second; between, the last sheet is shifted. */
  #askGround() {
    const now = performance.now();
    if (now - this.#groundAsked < GROUND_AGAIN_MS) return;
    this.#groundAsked = now;
    this.#groundDue = false;
    const dark = getComputedStyle(this.#holder).colorScheme.includes("dark");
    const look = { colours: this.#colours, focusRoute: this.#focusRoute, dark };
    this.#worker.postMessage({ type: "draw", camera: this.#camera, ratio: this.#ratio, look });
  }

  #layGround() {
    if (this.#sheet === null) return;
    const { bitmap, camera } = this.#sheet;
    const c = this.#ground;
    const scale = this.#camera.scale / camera.scale;
    const at = project(this.#camera, camera.x - camera.width / 2 / camera.scale, camera.y - camera.height / 2 / camera.scale);
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, c.canvas.width, c.canvas.height);
    c.drawImage(bitmap, at.px * this.#ratio, at.py * this.#ratio, bitmap.width * scale, bitmap.height * scale);
  }

  /** @param {number} now */
  #stampBuses(now) {
    const { fleet } = this.#options;
    const { chosen } = this.#choice;
    const size = GROWS_M.filter((metres) => metresPerPixel(this.#camera) < metres).length;
    const seen = this.#inSight(this.#still.matches ? Infinity : now);
    this.#painter.clear();
    if (size >= NUMBERED) this.#stampNumbers(seen, (SIZES[size] ?? 0) + 12);
    for (let kind = 0; kind < KINDS.length; kind++) {
      for (let i = 0; i < seen; i++) {
        const slot = /** @type {number} */ (this.#seen[i]);
        if (fleet.kind[slot] !== kind) continue;
        const stamp = this.#stamps.shape(size, kind, /** @type {number} */ (fleet.headingDeg[slot]));
        this.#painter.stamp(stamp, /** @type {number} */ (this.#seenX[i]), /** @type {number} */ (this.#seenY[i]));
      }
    }
    const at = chosen === null ? -1 : this.#seen.subarray(0, seen).indexOf(chosen);
    if (at >= 0) this.#painter.stamp(this.#stamps.ring(size), /** @type {number} */ (this.#seenX[at]), /** @type {number} */ (this.#seenY[at]));
    this.#buses.putImageData(this.#picture, 0, 0);
  }

  /**
   * Find the buses on the screen and their places in the picture's own pixels: `#seen`, `#seenX`, `#seenY`.
   *
   * @param {number} now
   * @returns {number} how many
   */
  #inSight(now) {
    const { fleet } = this.#options;
    const { fromX, fromY, toX, toY } = fleet;
    const { hides } = this.#choice;
    const scale = this.#camera.scale * this.#ratio;
    const left = this.#painter.width / 2 - this.#camera.x * scale;
    const top = this.#painter.height / 2 - this.#camera.y * scale;
    const margin = MARGIN_PX * this.#ratio;
    if (this.#seen.length < fleet.size) {
      this.#seen = new Int32Array(fleet.kind.length);
      this.#seenX = new Float32Array(fleet.kind.length);
      this.#seenY = new Float32Array(fleet.kind.length);
    }
    let count = 0;
    for (let slot = 0; slot < fleet.size; slot++) {
      if (fleet.rows[slot] === null || hides(slot)) continue;
      const part = fleet.gone(slot, now);
      const fx = /** @type {number} */ (fromX[slot]);
      const fy = /** @type {number} */ (fromY[slot]);
      const x = (fx + (/** @type {number} */ (toX[slot]) - fx) * part) * scale + left;
      const y = (fy + (/** @type {number} */ (toY[slot]) - fy) * part) * scale + top;
      if (x < -margin || y < -margin || x > this.#painter.width + margin || y > this.#painter.height + margin) continue;
      this.#seen[count] = slot;
      this.#seenX[count] = x;
      this.#seenY[count] = y;
      count += 1;
    }
    return count;
  }

  /**
   * Numbers lie under all buses: a neighbour's number hides no bus.
   *
   * @param {number} seen
   * @param {number} below CSS pixels
   */
  #stampNumbers(seen, below) {
    for (let i = 0; i < seen; i++) {
      const name = this.#options.fleet.rows[/** @type {number} */ (this.#seen[i])]?.route_name;
      if (!name) continue;
      this.#painter.stamp(this.#stamps.label(name), /** @type {number} */ (this.#seenX[i]), /** @type {number} */ (this.#seenY[i]) + below * this.#ratio);
    }
  }
}

/**
 * @param {HTMLElement} holder
 * @returns {CanvasRenderingContext2D}
 */
function layer(holder) {
  const canvas = document.createElement("canvas");
  canvas.className = "map-layer";
  canvas.setAttribute("aria-hidden", "true");
  holder.append(canvas);
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * @param {HTMLElement} holder
 * @returns {Colours} of the theme that is on
 */
function coloursOf(holder) {
  const style = getComputedStyle(holder);
  const token = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: token("ground"),
    raised: token("raised"),
    line: token("route-line"),
    focus: token("route-focus"),
    ink: token("ink"),
    quiet: token("quiet"),
    bell: token("bell"),
    alight: token("alight"),
    fault: token("fault"),
    face: token("face"),
  };
}
