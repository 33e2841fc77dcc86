/** Routes as quiet lines, in three degrees of detail. Draws on whatever canvas it is given. */

import { worldX, worldY } from "/static/ops/live/map/mercator.js";

/**
 * @typedef {import("/static/ops/live/map/camera.js").Camera} Camera
 * @typedef {{route: number, direction_id: number | null, path_e5: number[]}} OutlineLine
 * @typedef {{route: number, west: number, north: number, east: number, south: number, levels: Float64Array[]}} Line
 */

const E5 = 100_000;
/** A coarser line leaves out points nearer than this, in world units: 50 m and 300 m. */
const COARSER = [50 / 32_000_000, 300 / 32_000_000];
/** A coarser line is drawn when what it leaves out is smaller than this many pixels. */
const UNSEEN_PX = 0.7;
/** Lines stroked by one call: long paths cost more than their parts. */
const BATCH = 40;

export class LineSheet {
  /** @param {OutlineLine[]} lines */
  constructor(lines) {
    this.lines = lines.map(unpacked);
    this.box = this.lines.length === 0 ? null : this.lines.reduce(both);
  }

  /**
   * @param {OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D} c  its unit is the CSS pixel
   * @param {Camera} camera
   * @param {import("/static/ops/live/map/ground_worker.js").Look} look
   * @returns {void}
   */
  draw(c, camera, { colours, focusRoute }) {
    const level = COARSER.reduce((best, gap, index) => (gap * camera.scale < UNSEEN_PX ? index + 1 : best), 0);
    const half = { x: camera.width / 2 / camera.scale, y: camera.height / 2 / camera.scale };
    const seen = this.lines.filter(
      (line) => line.east > camera.x - half.x && line.west < camera.x + half.x && line.south > camera.y - half.y && line.north < camera.y + half.y,
    );
    c.lineJoin = "round";
    c.lineWidth = camera.scale > 4e6 ? 2.5 : camera.scale > 1e6 ? 1.5 : 1;
    c.strokeStyle = colours.line;
    for (let first = 0; first < seen.length; first += BATCH) trace(c, camera, seen.slice(first, first + BATCH), level);
    if (focusRoute === null) return;
    c.lineWidth = 4;
    c.strokeStyle = colours.focus;
    trace(c, camera, seen.filter((line) => line.route === focusRoute), level);
  }
}

/**
 * @param {OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D} c
 * @param {Camera} camera
 * @param {Line[]} lines
 * @param {number} level
 */
function trace(c, camera, lines, level) {
  c.beginPath();
  const shiftX = camera.width / 2 - camera.x * camera.scale;
  const shiftY = camera.height / 2 - camera.y * camera.scale;
  for (const { levels } of lines) {
    const xy = /** @type {Float64Array} */ (levels[level]);
    for (let i = 0; i < xy.length; i += 2) {
      const x = /** @type {number} */ (xy[i]) * camera.scale + shiftX;
      const y = /** @type {number} */ (xy[i + 1]) * camera.scale + shiftY;
      if (i === 0) c.moveTo(x, y);
      else c.lineTo(x, y);
    }
  }
  c.stroke();
}

/**
 * @param {OutlineLine} line
 * @returns {Line}
 */
function unpacked({ route, path_e5: steps }) {
  const xy = new Float64Array(steps.length);
  let lat = 0;
  let lon = 0;
  const box = { west: Infinity, north: Infinity, east: -Infinity, south: -Infinity };
  for (let i = 0; i < steps.length; i += 2) {
    lat += /** @type {number} */ (steps[i]);
    lon += /** @type {number} */ (steps[i + 1]);
    const x = (xy[i] = worldX(lon / E5));
    const y = (xy[i + 1] = worldY(lat / E5));
    box.west = Math.min(box.west, x);
    box.east = Math.max(box.east, x);
    box.north = Math.min(box.north, y);
    box.south = Math.max(box.south, y);
  }
  return { route, ...box, levels: [xy, ...COARSER.map((gap) => thinned(xy, gap))] };
}

/**
 * @param {Float64Array} xy
 * @param {number} gap
 * @returns {Float64Array} without points nearer than `gap` to the one before; first and last stay
 */
export function thinned(xy, gap) {
  /** @type {number[]} */
  const kept = [];
  let [x, y] = [Infinity, Infinity];
  for (let i = 0; i < xy.length; i += 2) {
    const nextX = /** @type {number} */ (xy[i]);
    const nextY = /** @type {number} */ (xy[i + 1]);
    if (i < xy.length - 2 && Math.abs(nextX - x) < gap && Math.abs(nextY - y) < gap) continue;
    kept.push(nextX, nextY);
    [x, y] = [nextX, nextY];
  }
  return Float64Array.from(kept);
}

/**
 * @param {Line} a
 * @param {Line} b
 * @returns {Line}
 */
function both(a, b) {
  return {
    ...a,
    west: Math.min(a.west, b.west),
    north: Math.min(a.north, b.north),
    east: Math.max(a.east, b.east),
    south: Math.max(a.south, b.south),
  };
}
