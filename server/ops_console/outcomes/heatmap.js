/** Stops on the network's own lines: the larger the ring the more bells, the fuller the more were passed. Canvas with a table twin. */

import { h } from "/static/shared/dom.js";
import { count, share } from "/static/ops/report/format.js";
import { card, empty, query } from "/static/ops/report/parts.js";
import { frame, kept } from "/static/ops/outcomes/frame.js";
import { legendOfPassed } from "/static/ops/outcomes/legend.js";

/**
 * @typedef {import("/static/ops/outcomes/main.js").State} State
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/report/bodies.d.ts").Outcomes} Outcomes
 * @typedef {import("/static/ops/report/bodies.d.ts").PlacedFigure} PlacedFigure
 */

const MARGIN = 24;
const SMALLEST_PX = 3;
const LARGEST_PX = 15;
const E5 = 100_000;

/**
 * @param {State} state
 * @param {Translate} t
 */
export function heatmap(state, t) {
  return frame(state, t, { answer: "outcomes", cards: 1 }, (value) => {
    const outcomes = /** @type {Outcomes} */ (value);
    if (outcomes.stops.length === 0) return empty(t("outcomes.empty"), t("outcomes.empty.advice"));
    const stops = [...outcomes.stops].sort((a, b) => b.passbys - a.passbys || b.bells - a.bells);
    const columns = [
      { key: "stop", name: t("desk.stop") },
      { key: "bells", name: t("outcomes.bells"), number: true },
      { key: "passed", name: t("outcomes.passed.bells"), number: true },
      { key: "share", name: t("outcomes.passed.share"), number: true },
    ];
    const rows = stops.map((one) => ({
      key: one.key,
      href: `#/passbys/stop/${encodeURIComponent(one.key)}`,
      cells: [one.name, count(one.bells), count(one.passed_bells), share(one.passed_bells, one.bells)],
      plain: [one.name, one.bells, one.passed_bells, one.bells ? one.passed_bells / one.bells : null],
    }));
    const asked = query({ from_ms: outcomes.from_ms, to_ms: outcomes.to_ms, route_id: state.routeId });
    const chart = [
      h(
        "div",
        { class: "heatmap-frame" },
        h("canvas", { class: "heatmap", role: "img", tabindex: 0, "aria-label": t("outcomes.map.label", { n: stops.length }) }),
        h(
          "div",
          { class: "heatmap-tools" },
          [["in", "+"], ["out", "−"], ["fit", "⤢"]].map(([how, sign]) => h("button", { key: String(how), type: "button", class: "button", "data-act": `map ${how}`, "aria-label": t(`outcomes.map.${how}`) }, String(sign))),
        ),
      ),
      legendOfPassed(t),
      h("p", { class: "note" }, h("a", { href: `/v1/ops/exports/stops.geojson?${asked}`, download: true }, "GeoJSON")),
    ];
    return h("div", { key: "map", class: "cards" }, card({ ...kept(state, "map", columns, rows), title: t("outcomes.map"), window: outcomes, chart, wide: true, open: true }, t));
  });
}

/**
 * How stops look: those with pass-bys over those without, and among these no large one over a small one.
 *
 * @param {readonly PlacedFigure[]} stops
 * @returns {{lat: number, lon: number, px: number, passed: number}[]} `passed`: share of its bells
 */
export function rings(stops) {
  const most = Math.max(1, ...stops.map((one) => one.bells));
  return [...stops]
    .sort((a, b) => Number(a.passed_bells > 0) - Number(b.passed_bells > 0) || b.bells - a.bells)
    .map((one) => ({
      lat: one.lat,
      lon: one.lon,
      px: SMALLEST_PX + (LARGEST_PX - SMALLEST_PX) * Math.sqrt(one.bells / most),
      passed: one.bells === 0 ? 0 : one.passed_bells / one.bells,
    }));
}

/**
 * From degrees to pixels: all of it within the picture, north up, the same scale both ways at the middle latitude.
 *
 * @param {readonly {lat: number, lon: number}[]} places
 * @param {number} width
 * @param {number} height
 */
export function projection(places, width, height) {
  const lats = places.map((place) => place.lat);
  const lons = places.map((place) => place.lon);
  const [south, north, west, east] = [least(lats), most(lats), least(lons), most(lons)];
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min((width - 2 * MARGIN) / Math.max(1e-6, (east - west) * shrink), (height - 2 * MARGIN) / Math.max(1e-6, north - south));
  return (/** @type {number} */ lat, /** @type {number} */ lon) => /** @type {[number, number]} */ ([
    width / 2 + (lon - (west + east) / 2) * shrink * scale,
    height / 2 - (lat - (south + north) / 2) * scale,
  ]);
}

/**
 * @typedef {{zoom: number, x: number, y: number}} View  `x`, `y`: how far the picture is moved, pixels
 */

/** @type {View} */
const WHOLE = { zoom: 1, x: 0, y: 0 };
const MOST_ZOOM = 64;
const STEP = 1.6;
const PAN_PX = 60;

/**
 * Nearer or farther, with what is under (`px`, `py`) staying there; never smaller than the whole.
 *
 * @param {View} view
 * @param {number} factor
 * @param {number} px from the picture's middle
 * @param {number} py
 * @returns {View}
 */
export function zoomed(view, factor, px, py) {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
  if (zoom === 1) return WHOLE;
  const by = zoom / view.zoom;
  return { zoom, x: px - (px - view.x) * by, y: py - (py - view.y) * by };
}

/** @param {number[]} values */
const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
/** @param {number[]} values */
const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);

/** Draws on the canvas; loads the network's lines once. Browser only. */
export class Heatmap {
  /** @type {[number, number][][] | null} */
  #lines = null;
  /** @type {HTMLCanvasElement | null} */
  #canvas = null;
  /** @type {readonly PlacedFigure[]} */
  #stops = [];
  #loading = false;
  /** @type {View} */
  #view = WHOLE;
  #api;
  #resized = new ResizeObserver(() => this.#draw());
  #dark = matchMedia("(prefers-color-scheme: dark)");

  /** @param {(path: string) => Promise<any>} api */
  constructor(api) {
    this.#api = api;
    this.#dark.onchange = () => this.#draw();
  }

  /**
   * @param {HTMLCanvasElement | null} canvas
   * @param {readonly PlacedFigure[]} stops
   */
  show(canvas, stops) {
    if (canvas !== this.#canvas) {
      this.#resized.disconnect();
      this.#view = WHOLE;
      if (canvas) this.#listen(canvas);
    }
    this.#canvas = canvas;
    this.#stops = stops;
    if (!this.#loading) void this.#load();
    this.#draw();
  }

  /** @param {"in" | "out" | "fit"} how */
  press(how) {
    this.#look(how === "fit" ? WHOLE : zoomed(this.#view, how === "in" ? STEP : 1 / STEP, 0, 0));
  }

  /** @param {HTMLCanvasElement} canvas */
  #listen(canvas) {
    this.#resized.observe(canvas);
    canvas.onwheel = (event) => {
      event.preventDefault();
      const [px, py] = [event.offsetX - canvas.clientWidth / 2, event.offsetY - canvas.clientHeight / 2];
      this.#look(zoomed(this.#view, event.deltaY < 0 ? STEP : 1 / STEP, px, py));
    };
    canvas.onpointerdown = (event) => canvas.setPointerCapture(event.pointerId);
    canvas.onpointermove = (event) => {
      if (event.buttons & 1) this.#pan(event.movementX, event.movementY);
    };
    canvas.onkeydown = (event) => {
      const way = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (way !== undefined) this.#pan((way[0] ?? 0) * PAN_PX, (way[1] ?? 0) * PAN_PX);
      else if (event.key === "+" || event.key === "=") this.press("in");
      else if (event.key === "-") this.press("out");
      else if (event.key === "0") this.press("fit");
      else return;
      event.preventDefault();
    };
  }

  /** @param {number} dx @param {number} dy */
  #pan(dx, dy) {
    if (this.#view.zoom > 1) this.#look({ ...this.#view, x: this.#view.x + dx, y: this.#view.y + dy });
  }

  /** @param {View} view */
  #look(view) {
    this.#view = view;
    this.#draw();
  }

  end() {
    this.#resized.disconnect();
    this.#dark.onchange = null;
    this.#canvas = null;
  }

  async #load() {
    this.#loading = true;
    const outline = /** @type {{lines: {path_e5: number[]}[]}} */ (await this.#api("/v1/outline"));
    this.#lines = outline.lines.map(({ path_e5 }) => unpacked(path_e5));
    this.#draw();
  }

  #draw() {
    const canvas = this.#canvas;
    const pen = canvas?.getContext("2d");
    if (!canvas || !pen || canvas.clientWidth === 0) return;
    const [width, height, dots] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
    canvas.width = width * dots;
    canvas.height = height * dots;
    pen.scale(dots, dots);
    const look = getComputedStyle(canvas);
    const colour = (/** @type {string} */ name) => look.getPropertyValue(`--${name}`).trim();
    const whole = projection(this.#stops, width, height);
    const { zoom, x, y } = this.#view;
    const place = (/** @type {number} */ lat, /** @type {number} */ lon) => {
      const [px, py] = whole(lat, lon);
      return /** @type {[number, number]} */ ([width / 2 + x + (px - width / 2) * zoom, height / 2 + y + (py - height / 2) * zoom]);
    };
    pen.strokeStyle = colour("line");
    pen.lineWidth = 2;
    for (const line of this.#lines ?? []) {
      pen.beginPath();
      for (const [lat, lon] of line) pen.lineTo(...place(lat, lon));
      pen.stroke();
    }
    for (const ring of rings(this.#stops)) drawRing(pen, place(ring.lat, ring.lon), ring, colour);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {[number, number]} at
 * @param {{px: number, passed: number}} ring
 * @param {(name: string) => string} colour
 */
function drawRing(pen, [x, y], { px, passed }, colour) {
  pen.beginPath();
  pen.arc(x, y, px, 0, 2 * Math.PI);
  pen.globalAlpha = 0.85;
  pen.fillStyle = colour("raised");
  pen.fill();
  pen.globalAlpha = 1;
  pen.lineWidth = passed > 0 ? 2 : 1.5;
  pen.strokeStyle = colour(passed > 0 ? "alight" : "bell");
  pen.stroke();
  if (passed === 0) return;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.arc(x, y, px, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.min(1, passed));
  pen.closePath();
  pen.fillStyle = colour("alight");
  pen.fill();
}

/**
 * First point in full, then differences (PROTOCOL: `/v1/outline`).
 *
 * @param {readonly number[]} path_e5
 * @returns {[number, number][]}
 */
export function unpacked(path_e5) {
  /** @type {[number, number][]} */
  const points = [];
  let [lat, lon] = [0, 0];
  for (let i = 0; i + 1 < path_e5.length; i += 2) {
    lat += path_e5[i] ?? 0;
    lon += path_e5[i + 1] ?? 0;
    points.push([lat / E5, lon / E5]);
  }
  return points;
}
