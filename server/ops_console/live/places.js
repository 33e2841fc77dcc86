/** Names and places of the network, from the map's outline; before it has come, ids stand for names. Pure. */

/** @typedef {import("/static/ops/live/map/ground_worker.js").Outline} Outline */

export class Places {
  /** @type {Outline | null} */
  outline = null;
  /** @type {Map<string, number>} */
  #stops = new Map();
  /** @type {Map<string, number>} */
  #routes = new Map();
  /** All routes as people order them. @type {{id: string, name: string}[]} */
  routes = [];

  /** @param {Outline} outline */
  take(outline) {
    const { compare } = new Intl.Collator(undefined, { numeric: true });
    this.outline = outline;
    this.#stops = new Map(outline.stopIds.map((id, index) => [id, index]));
    this.#routes = new Map(outline.routes.map((one, index) => [one.route_id, index]));
    this.routes = outline.routes.map(({ route_id: id, name }) => ({ id, name })).sort((a, b) => compare(a.name, b.name));
  }

  /**
   * @param {string} routeId
   * @returns {string}
   */
  routeName(routeId) {
    return this.outline?.routes[this.#routes.get(routeId) ?? -1]?.name ?? routeId;
  }

  /**
   * @param {string | null} routeId
   * @returns {number | null} index into the outline's routes
   */
  routeIndex(routeId) {
    return (routeId === null ? undefined : this.#routes.get(routeId)) ?? null;
  }

  /**
   * @param {string} stopId
   * @returns {{x: number, y: number} | null}
   */
  stop(stopId) {
    const at = this.#stops.get(stopId);
    if (at === undefined || this.outline === null) return null;
    return { x: this.outline.stopX[at] ?? 0, y: this.outline.stopY[at] ?? 0 };
  }
}

/**
 * A ring for each stop and kind that has open bells.
 *
 * @param {Places} places
 * @param {Iterable<import("/static/shared/wire.d.ts").BellEvent>} bells that have not ended
 * @returns {import("/static/ops/live/map/rings.js").Ring[]}
 */
export function ringsOf(places, bells) {
  /** @type {Map<string, import("/static/ops/live/map/rings.js").Ring>} */
  const rings = new Map();
  for (const bell of bells) {
    const key = `${bell.stop_id}/${bell.kind}`;
    const before = rings.get(key);
    const at = before ?? places.stop(bell.stop_id);
    if (at === null) continue;
    const { x, y } = at;
    rings.set(key, { key, x, y, kind: bell.kind, bells: (before?.bells ?? 0) + 1, rungMs: Math.max(before?.rungMs ?? 0, bell.rung_ms) });
  }
  return [...rings.values()];
}
