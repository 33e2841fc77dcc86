/** What part of the world is on the screen, and how it is moved. Pure. */

import { latitude, longitude, metresAcross } from "/static/ops/live/map/mercator.js";

/**
 * `x`, `y`: the world's point in the middle; `scale`: pixels the whole world is wide; `width`, `height`: the screen's, in
 * CSS pixels.
 *
 * @typedef {{x: number, y: number, scale: number, width: number, height: number}} Camera
 * @typedef {{west: number, north: number, east: number, south: number}} Box  in world units; north < south
 */

const METRES_PER_PIXEL_LEAST = 0.25;
/** The whole world, but never smaller than a window. */
const SCALE_LEAST = 1_024;

/**
 * @param {Camera} camera
 * @returns {number}
 */
export function metresPerPixel(camera) {
  return metresAcross(camera.y) / camera.scale;
}

/**
 * Push what is seen by so many pixels.
 *
 * @param {Camera} camera
 * @param {number} dx
 * @param {number} dy
 * @returns {Camera}
 */
export function panned(camera, dx, dy) {
  return held({ ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale });
}

/**
 * Make larger or smaller around a point of the screen.
 *
 * @param {Camera} camera
 * @param {number} factor
 * @param {number} [px]
 * @param {number} [py]
 * @returns {Camera}
 */
export function zoomed(camera, factor, px = camera.width / 2, py = camera.height / 2) {
  const most = metresAcross(camera.y) / METRES_PER_PIXEL_LEAST;
  const scale = Math.min(most, Math.max(SCALE_LEAST, camera.scale * factor));
  const at = unproject(camera, px, py);
  return held({ ...camera, scale, x: at.x - (px - camera.width / 2) / scale, y: at.y - (py - camera.height / 2) / scale });
}

/**
 * @param {Camera} camera
 * @param {Box} box
 * @param {number} [margin] pixels left free at each side
 * @returns {Camera} that shows all of the box
 */
export function fitted(camera, box, margin = 64) {
  const across = Math.max(box.east - box.west, 1e-9);
  const down = Math.max(box.south - box.north, 1e-9);
  const room = { x: Math.max(camera.width - 2 * margin, 64), y: Math.max(camera.height - 2 * margin, 64) };
  const middle = { x: (box.west + box.east) / 2, y: (box.north + box.south) / 2 };
  const scale = Math.min(room.x / across, room.y / down);
  return zoomed({ ...camera, ...middle, scale: Math.max(scale, SCALE_LEAST) }, 1);
}

/**
 * @param {Camera} camera
 * @param {number} x
 * @param {number} y
 */
export function project(camera, x, y) {
  return { px: (x - camera.x) * camera.scale + camera.width / 2, py: (y - camera.y) * camera.scale + camera.height / 2 };
}

/**
 * @param {Camera} camera
 * @param {number} px
 * @param {number} py
 */
export function unproject(camera, px, py) {
  return { x: camera.x + (px - camera.width / 2) / camera.scale, y: camera.y + (py - camera.height / 2) / camera.scale };
}

/**
 * @param {Camera} camera
 * @returns {[number, number, number, number]} west, south, east, north in degrees, as `watch.bbox`
 */
export function bboxOf(camera) {
  const from = unproject(camera, 0, 0);
  const to = unproject(camera, camera.width, camera.height);
  const round = (/** @type {number} */ value) => Math.round(value * 1e5) / 1e5;
  const lon = (/** @type {number} */ x) => round(Math.min(180, Math.max(-180, longitude(x))));
  return [lon(from.x), round(latitude(to.y)), lon(to.x), round(latitude(from.y))];
}

/**
 * @param {Camera} camera
 * @returns {Camera} whose middle is in the world
 */
function held(camera) {
  return { ...camera, x: Math.min(1, Math.max(0, camera.x)), y: Math.min(1, Math.max(0, camera.y)) };
}
