/** The map on a receipt: the way that was ridden, its stops, and the names of its two ends. State in, nodes out. */

import { h } from "/static/shared/dom.js";

/** Room around the way, as a share of its longer side; names stand in it. */
const MARGIN = 0.16;
/** A way along one street is drawn in a frame no narrower than this share of its length. */
const FLATTEST = 0.5;

/**
 * The words beside it say the same (on where, off where), so readers of the screen skip it.
 *
 * @param {import("/static/rider/ride/ridden.js").Ridden} ridden
 */
export function receiptMap({ line, stops, width, height }) {
  const side = Math.max(width, height, 1);
  const room = side * MARGIN;
  const wide = Math.max(width, side * FLATTEST) + 2 * room;
  const high = Math.max(height, side * FLATTEST) + 2 * room;
  const size = side / 40;
  return h(
    "svg",
    { class: "map receipt-map", viewBox: `${-(wide - width) / 2} ${-(high - height) / 2} ${wide} ${high}`, "aria-hidden": "true", focusable: "false" },
    h("path", { class: "receipt-way", d: `M${line.map((point) => point.join(" ")).join("L")}` }),
    stops.map(({ name, x, y }, index) => {
      const end = index === 0 || index === stops.length - 1;
      const left = x > wide * 0.6;
      return h(
        "g",
        { key: index, class: end ? "map-stop map-open" : "map-stop", transform: `translate(${x} ${y})` },
        h("circle", { class: "map-pole", r: end ? size : size * 0.6 }),
        end ? h("text", { class: left ? "map-left" : null, x: size * (left ? -1.8 : 1.8), y: size * 0.9, "font-size": size * 2.6 }, name) : null,
      );
    }),
  );
}
