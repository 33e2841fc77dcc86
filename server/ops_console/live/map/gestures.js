/** Mouse, touch and keys move the map. Browser only; knows the camera's rules, nothing of what is drawn. */

import { panned, zoomed } from "/static/ops/live/map/camera.js";

/** @typedef {import("/static/ops/live/map/camera.js").Camera} Camera */

const KEY_PX = 80;
const KEY_ZOOM = 1.5;
/** A press that moved less than this is a click. */
const CLICK_PX = 6;

/**
 * @param {HTMLElement} element
 * @param {{camera: () => Camera, move: (camera: Camera) => void, click: (px: number, py: number) => void}} map
 * @returns {void}
 */
export function followGestures(element, { camera, move, click }) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let travelled = 0;

  const place = (/** @type {MouseEvent} */ event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    travelled = 0;
  });
  element.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const now = place(event);
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    fingers.set(event.pointerId, now);
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    const other = others[0];
    if (other === undefined) move(panned(camera(), now.x - before.x, now.y - before.y));
    else move(pinched(camera(), before, now, other));
  });
  const lift = (/** @type {PointerEvent} */ event) => {
    const was = fingers.delete(event.pointerId);
    if (was && event.type === "pointerup" && fingers.size === 0 && travelled < CLICK_PX) {
      const at = place(event);
      click(at.x, at.y);
    }
  };
  element.addEventListener("pointerup", lift);
  element.addEventListener("pointercancel", lift);
  element.addEventListener("dblclick", (event) => {
    const at = place(event);
    move(zoomed(camera(), 2, at.x, at.y));
  });
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const at = place(event);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
      move(zoomed(camera(), Math.exp((-event.deltaY * lines) / 400), at.x, at.y));
    },
    { passive: false },
  );
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = keyed(camera(), event.key);
    if (next === null) return;
    event.preventDefault();
    move(next);
  });
}

/**
 * @param {Camera} camera
 * @param {string} key
 * @returns {Camera | null}
 */
export function keyed(camera, key) {
  switch (key) {
    case "ArrowLeft":
      return panned(camera, KEY_PX, 0);
    case "ArrowRight":
      return panned(camera, -KEY_PX, 0);
    case "ArrowUp":
      return panned(camera, 0, KEY_PX);
    case "ArrowDown":
      return panned(camera, 0, -KEY_PX);
    case "+":
    case "=":
      return zoomed(camera, KEY_ZOOM);
    case "-":
      return zoomed(camera, 1 / KEY_ZOOM);
    default:
      return null;
  }
}

/**
 * Two fingers: what is under them stays under them.
 *
 * @param {Camera} camera
 * @param {{x: number, y: number}} before
 * @param {{x: number, y: number}} now
 * @param {{x: number, y: number}} other
 * @returns {Camera}
 */
function pinched(camera, before, now, other) {
  const apart = Math.hypot(before.x - other.x, before.y - other.y) || 1;
  const factor = Math.hypot(now.x - other.x, now.y - other.y) / apart || 1;
  const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  return panned(zoomed(camera, factor, middle.x, middle.y), (now.x - before.x) / 2, (now.y - before.y) / 2);
}
