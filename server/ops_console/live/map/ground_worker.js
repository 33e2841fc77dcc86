/** Draws the ground of the map (streets' pictures, routes, stops) in a thread of its own. A module worker. */

import { LineSheet } from "/static/ops/live/map/lines.js";
import { Tiles } from "/static/ops/live/map/tiles.js";
import { worldX, worldY } from "/static/ops/live/map/mercator.js";

/**
 * @typedef {import("/static/ops/live/map/camera.js").Camera} Camera
 * @typedef {{colours: import("/static/ops/live/map/stamps.js").Colours, focusRoute: number | null, dark: boolean}} Look
 * @typedef {(
 *   | {type: "load", url: string}
 *   | {type: "draw", camera: Camera, ratio: number, look: Look}
 * )} Order
 * @typedef {{
 *   routes: {route_id: string, name: string, agency_id: string}[],
 *   stopIds: string[], stopNames: string[], stopX: Float64Array, stopY: Float64Array,
 *   box: import("/static/ops/live/map/camera.js").Box | null,
 *   attribution: string,
 * }} Outline
 * @typedef {(
 *   | {type: "loaded", outline: Outline}
 *   | {type: "failed"}
 *   | {type: "drawn", camera: Camera, bitmap: ImageBitmap}
 * )} Report
 */

const E5 = 100_000;

/** @type {LineSheet | null} */
let sheet = null;
/** @type {Outline | null} */
let outline = null;
/** @type {Tiles | null} */
let tiles = null;
/** @type {Extract<Order, {type: "draw"}> | null} */
let wanted = null;
let waiting = false;

/** @param {Report} report @param {Transferable[]} [transfer] */
function tell(report, transfer = []) {
  postMessage(report, { transfer });
}

addEventListener("message", (/** @type {MessageEvent<Order>} */ { data: order }) => {
  if (order.type === "load") void load(order.url);
  else {
    wanted = order;
    later();
  }
});

/** Only the latest order counts: those that came while one was drawn are dropped. */
function later() {
  if (waiting) return;
  waiting = true;
  setTimeout(draw);
}

/** @param {string} url */
async function load(url) {
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the map did not come (${answer.status})`);
    const file = await answer.json();
    sheet = new LineSheet(file.lines);
    const lat = /** @type {number[]} */ (file.stops.lat_e5);
    const lon = /** @type {number[]} */ (file.stops.lon_e5);
    outline = {
      routes: file.routes,
      stopIds: file.stops.stop_id,
      stopNames: file.stops.name,
      stopX: Float64Array.from(lon, (e5) => worldX(e5 / E5)),
      stopY: Float64Array.from(lat, (e5) => worldY(e5 / E5)),
      box: sheet.box,
      attribution: file.tiles?.attribution ?? "",
    };
    if (file.tiles) tiles = new Tiles(file.tiles.url, later);
    tell({ type: "loaded", outline });
    later();
  } catch (error) {
    console.warn(error);
    tell({ type: "failed" });
  }
}

function draw() {
  waiting = false;
  if (wanted === null) return;
  const { camera, ratio, look } = wanted;
  const canvas = new OffscreenCanvas(Math.round(camera.width * ratio), Math.round(camera.height * ratio));
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = look.colours.ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(ratio, ratio);
  tiles?.draw(context, camera, look.dark);
  sheet?.draw(context, camera, look);
  if (outline !== null) stops(context, camera, look, outline);
  const bitmap = canvas.transferToImageBitmap();
  tell({ type: "drawn", camera, bitmap }, [bitmap]);
}

/** From this scale on stops are drawn, and a little nearer their names, in metres per pixel. */
const STOPS_M = 7;
const NAMES_M = 1.6;
const ACROSS_M = 32_000_000;

/**
 * @param {OffscreenCanvasRenderingContext2D} c
 * @param {Camera} camera
 * @param {Look} look
 * @param {Outline} places
 */
function stops(c, camera, look, { stopX, stopY, stopNames }) {
  const metres = ACROSS_M / camera.scale;
  if (metres > STOPS_M) return;
  c.fillStyle = look.colours.raised;
  c.strokeStyle = look.colours.quiet;
  c.lineWidth = 1.5;
  c.font = `500 12px ${look.colours.face}`;
  c.textAlign = "center";
  /** @type {[number, number][]} */
  const written = [];
  const radius = metres > 3 ? 2 : 3.5;
  for (let i = 0; i < stopX.length; i++) {
    const px = (/** @type {number} */ (stopX[i]) - camera.x) * camera.scale + camera.width / 2;
    const py = (/** @type {number} */ (stopY[i]) - camera.y) * camera.scale + camera.height / 2;
    if (px < -60 || py < -20 || px > camera.width + 60 || py > camera.height + 20) continue;
    c.beginPath();
    c.arc(px, py, radius, 0, 2 * Math.PI);
    c.fill();
    c.stroke();
    if (metres > NAMES_M || written.some(([x, y]) => Math.abs(x - px) < 96 && Math.abs(y - py) < 18)) continue;
    written.push([px, py]);
    c.save();
    c.strokeStyle = look.colours.ground;
    c.lineWidth = 4;
    c.lineJoin = "round";
    c.strokeText(stopNames[i] ?? "", px, py + 18);
    c.fillStyle = look.colours.quiet;
    c.fillText(stopNames[i] ?? "", px, py + 18);
    c.restore();
  }
}
