/** Where everything was: shapes as quiet lines, fixes as they came, how far off each may be, bells at stops. Browser only. */

import { fitted, metresPerPixel, project } from "/static/ops/live/map/camera.js";
import { followGestures } from "/static/ops/live/map/gestures.js";
import { worldX, worldY } from "/static/ops/live/map/mercator.js";
import { unsureM } from "/static/ops/replay/reel.js";

/**
 * @typedef {import("/static/ops/live/map/camera.js").Camera} Camera
 * @typedef {import("/static/ops/replay/reel.js").Moment} Moment
 * @typedef {import("/static/ops/replay/reel.js").Row} Row
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayPattern} ReplayPattern
 * @typedef {{patternId: string | null, vehicle: string | null}} Chosen
 * @typedef {{moment: Moment, chosen: Chosen}} Shown
 */

/** Metres a pixel around a bus whose story is told: a street with its stops. */
const NEAR_MPP = 3;
/** A press so near a bus chooses it. */
const PICK_PX = 18;
/** A bus so far outside is not drawn; nearer, the width of its place may still be seen. */
const OUTSIDE_PX = 200;
/** Plates are written from this scale on. */
const PLATES_MPP = 8;

export class ReplayMap {
  /** @type {Camera} */
  #camera = { x: 0.5, y: 0.5, scale: 1_024, width: 1, height: 1 };
  #canvas;
  /** @type {readonly ReplayPattern[]} */
  #patterns = [];
  /** @type {Map<string, import("/static/ops/replay/replay.d.ts").PatternStop>} */
  #stopsById = new Map();
  /** What does not move, drawn again only when it must look otherwise. @type {{key: string, canvas: HTMLCanvasElement}} */
  #ground = { key: "", canvas: document.createElement("canvas") };
  /** @type {Shown | null} */
  #shown = null;
  #fitted = "";

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(vehicle: string) => void} pick
   */
  constructor(canvas, pick) {
    this.#canvas = canvas;
    followGestures(canvas, {
      camera: () => this.#camera,
      move: (camera) => {
        this.#camera = camera;
        this.#paint();
      },
      click: (px, py) => {
        const vehicle = this.#near(px, py);
        if (vehicle !== null) pick(vehicle);
      },
    });
  }

  /**
   * @param {readonly ReplayPattern[]} patterns
   * @param {Moment} moment
   * @param {Chosen} chosen
   */
  draw(patterns, moment, chosen) {
    if (this.#patterns !== patterns) {
      this.#patterns = patterns;
      this.#stopsById = new Map(patterns.flatMap((pattern) => pattern.stops.map((stop) => [stop.stop_id, stop])));
      this.#ground.key = "";
    }
    this.#shown = { moment, chosen };
    this.#fit(chosen.patternId);
    this.#paint();
  }

  /** Show a bus from near: how unsure its place is can be seen then. @param {Row} row */
  focus(row) {
    const [x, y] = [worldX(row["lon"]), worldY(row["lat"])];
    const { scale } = fitted(this.#camera, { west: x, east: x, north: y, south: y });
    const near = metresPerPixel({ ...this.#camera, scale }) / NEAR_MPP;
    this.#camera = { ...this.#camera, x, y, scale: scale * near };
    this.#paint();
  }

  /** Show the chosen pattern whole when another is chosen, or the first time. @param {string | null} patternId */
  #fit(patternId) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#camera = { ...this.#camera, width, height };
    const wanted = this.#patterns.filter((pattern) => patternId === null || pattern.pattern_id === patternId);
    const key = `${patternId}`;
    if (this.#fitted === key || wanted.length === 0 || width === 0) return;
    this.#fitted = key;
    const points = wanted.flatMap((pattern) => pattern.line);
    const xs = points.map(([, lon]) => worldX(lon));
    const ys = points.map(([lat]) => worldY(lat));
    this.#camera = fitted(this.#camera, { west: least(xs), east: -least(xs.map((x) => -x)), north: least(ys), south: -least(ys.map((y) => -y)) }, 48);
  }

  /** @param {number} px @param {number} py */
  #near(px, py) {
    /** @type {{vehicle: string | null, away: number}} */
    let best = { vehicle: null, away: PICK_PX };
    for (const row of this.#shown?.moment.vehicles.values() ?? []) {
      const at = this.#at(row["lat"], row["lon"]);
      const away = Math.hypot(at.px - px, at.py - py);
      if (away < best.away) best = { vehicle: row["vehicle_id"], away };
    }
    return best.vehicle;
  }

  /** @param {number} lat @param {number} lon */
  #at(lat, lon) {
    return project(this.#camera, worldX(lon), worldY(lat));
  }

  #paint() {
    const canvas = this.#canvas;
    const context = canvas.getContext("2d");
    if (context === null || this.#shown === null) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const style = getComputedStyle(canvas);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (width > 0 && height > 0) context.drawImage(this.#drawnGround(width, height, ratio, colour), 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#bells(context, colour);
    for (const row of this.#shown.moment.vehicles.values()) this.#bus(context, row, colour);
    for (const row of this.#shown.moment.refused.values()) this.#refused(context, row, colour);
  }

  /** @param {number} width @param {number} height @param {number} ratio @param {(name: string) => string} colour */
  #drawnGround(width, height, ratio, colour) {
    const { x, y, scale } = this.#camera;
    const key = [x, y, scale, width, height, this.#shown?.chosen.patternId, colour("quiet")].join();
    const { canvas } = this.#ground;
    const context = canvas.getContext("2d");
    if (key !== this.#ground.key && context !== null) {
      this.#ground.key = key;
      [canvas.width, canvas.height] = [width, height];
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.#lines(context, colour);
    }
    return canvas;
  }

  /** @param {CanvasRenderingContext2D} context @param {(name: string) => string} colour */
  #lines(context, colour) {
    const chosen = this.#shown?.chosen.patternId ?? null;
    context.lineJoin = "round";
    for (const pattern of this.#patterns) {
      const mine = pattern.pattern_id === chosen;
      context.strokeStyle = colour("quiet");
      context.globalAlpha = mine ? 1 : 0.35;
      context.lineWidth = mine ? 4 : 2;
      context.beginPath();
      for (const [lat, lon] of pattern.line) {
        const at = this.#at(lat, lon);
        context.lineTo(at.px, at.py);
      }
      context.stroke();
      context.globalAlpha = 1;
      if (mine) this.#stops(context, pattern, colour);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {ReplayPattern} pattern @param {(name: string) => string} colour */
  #stops(context, pattern, colour) {
    context.fillStyle = colour("raised");
    context.strokeStyle = colour("quiet");
    context.lineWidth = 1.5;
    for (const stop of pattern.stops) {
      const at = this.#at(stop.lat, stop.lon);
      context.beginPath();
      context.arc(at.px, at.py, 3.5, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {(name: string) => string} colour */
  #bells(context, colour) {
    const rung = new Set([...(this.#shown?.moment.bells.values() ?? [])].map((bell) => bell["stop_id"]));
    context.strokeStyle = colour("bell");
    context.lineWidth = 3;
    for (const id of rung) {
      const stop = this.#stopsById.get(id);
      if (stop === undefined) continue;
      const at = this.#at(stop.lat, stop.lon);
      context.beginPath();
      context.arc(at.px, at.py, 9, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Row} row @param {(name: string) => string} colour */
  #bus(context, row, colour) {
    const shown = /** @type {Shown} */ (this.#shown);
    const at = this.#at(row["lat"], row["lon"]);
    const { width, height } = this.#camera;
    if (at.px < -OUTSIDE_PX || at.py < -OUTSIDE_PX || at.px > width + OUTSIDE_PX || at.py > height + OUTSIDE_PX) return;
    const chosen = shown.chosen.vehicle === row["vehicle_id"];
    const off = unsureM(row, shown.moment.atMs);
    if (off !== null) {
      context.fillStyle = colour("bell");
      context.globalAlpha = chosen ? 0.22 : 0.1;
      context.beginPath();
      context.arc(at.px, at.py, Math.max(4, off / metresPerPixel(this.#camera)), 0, 2 * Math.PI);
      context.fill();
      context.globalAlpha = 1;
    }
    const mine = row["pattern_id"] === shown.chosen.patternId;
    context.fillStyle = colour(chosen ? "bell" : mine ? "ink" : "quiet");
    context.save();
    context.translate(at.px, at.py);
    if (!mine && !chosen) context.scale(0.7, 0.7);
    if (row["on_route"] === false) diamond(context);
    else arrow(context, row["heading_deg"]);
    context.restore();
    if (chosen || (mine && metresPerPixel(this.#camera) < PLATES_MPP)) {
      context.font = `600 12px ${getComputedStyle(this.#canvas).fontFamily}`;
      context.fillText(row["vehicle_id"], at.px + 11, at.py - 8);
    }
  }

  /** A fix that was not believed. @param {CanvasRenderingContext2D} context @param {Row} row @param {(name: string) => string} colour */
  #refused(context, row, colour) {
    const at = this.#at(row["lat"], row["lon"]);
    context.strokeStyle = colour("fault");
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(at.px - 5, at.py - 5);
    context.lineTo(at.px + 5, at.py + 5);
    context.moveTo(at.px + 5, at.py - 5);
    context.lineTo(at.px - 5, at.py + 5);
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {number | null | undefined} headingDeg */
function arrow(context, headingDeg) {
  context.beginPath();
  if (headingDeg === null || headingDeg === undefined) {
    context.arc(0, 0, 6, 0, 2 * Math.PI);
  } else {
    context.rotate((headingDeg * Math.PI) / 180);
    context.moveTo(0, -10);
    context.lineTo(7, 8);
    context.lineTo(0, 4);
    context.lineTo(-7, 8);
  }
  context.fill();
}

/** @param {CanvasRenderingContext2D} context */
function diamond(context) {
  context.beginPath();
  context.moveTo(0, -9);
  context.lineTo(9, 0);
  context.lineTo(0, 9);
  context.lineTo(-9, 0);
  context.fill();
}

/** @param {readonly number[]} values */
function least(values) {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}
