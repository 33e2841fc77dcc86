/** The live section: connects the socket, the fleet, the map and the views. The only module here that touches document and clock. */

import { onPress, patch } from "/static/shared/dom.js";
import { Fleet } from "/static/ops/live/fleet.js";
import { ROW_PX, Ranks, bellOrder, busOrder, walked } from "/static/ops/live/lists.js";
import { bboxOf } from "/static/ops/live/map/camera.js";
import { MapView } from "/static/ops/live/map/map.js";
import { hasEnded, initial, step } from "/static/ops/live/state.js";
import { overMap } from "/static/ops/live/over_view.js";
import { Places, ringsOf } from "/static/ops/live/places.js";
import { strip } from "/static/ops/live/strip_view.js";
import { figures, side } from "/static/ops/live/view.js";

/**
 * @typedef {import("/static/ops/live/state.js").Event} Event
 * @typedef {import("/static/ops/live/state.js").Effect} Effect
 * @typedef {import("/static/ops/live/state.js").Tab} Tab
 */

const TICK_MS = 1_000;
/** The server is told of another part of the map when the hand has rested this long. */
const REST_MS = 300;
/** A bus chosen from the list is seen at least so near that it carries its number: 2.5 m a pixel in Korea. */
const NEAR_SCALE = 1.3e7;
/** What is seen around a stop whose bell has no bus yet: 300 m, as a part of the world's side. */
const AROUND_STOP = 300 / 32_000_000;

/** @type {import("/static/ops/sections.js").Mount} */
export function mount(root, { t, session, api, route, go, onRoute }) {
  let state = initial(Date.now());
  const fleet = new Fleet();
  const ranks = new Ranks();
  const places = new Places();
  /** @type {number[]} */
  let slots = [];
  let drawing = 0;
  let resting = 0;
  let hidden = new Uint8Array(0);
  let ringsDue = false;
  /** @type {import("/static/ops/live/lists.js").BellLine[]} */
  let bells = [];
  /** What the lists were last made of: they are made again when that has changed, not when somebody scrolls. */
  const made = { buses: /** @type {unknown[]} */ ([]), bells: /** @type {unknown[]} */ ([]) };

  const parts = scaffold(root, t);
  const map = new MapView(parts.map, {
    fleet,
    loaded: (taken) => {
      if (taken !== null) places.take(taken);
      dispatch({ type: "map", taken: taken !== null });
    },
    moved: (camera) => {
      clearTimeout(resting);
      resting = setTimeout(() => dispatch({ type: "looked", bbox: bboxOf(camera) }), REST_MS);
    },
    picked: (slot) => choose(slot === null ? null : (fleet.rows[slot]?.vehicle_id ?? null), false),
    released: () => dispatch({ type: "follow", follows: false }),
  });

  /** @param {Event} event */
  function dispatch(event) {
    const before = state;
    const next = step(state, event, Date.now());
    state = next.state;
    for (const effect of next.effects) perform(effect);
    ringsDue ||= state.bells !== before.bells || event.type === "map";
    if (state.strip?.routeId !== before.strip?.routeId || event.type === "map") map.focusRoute(places.routeIndex(state.strip?.routeId ?? null));
    drawing ||= requestAnimationFrame(draw);
  }

  /** @param {Effect} effect */
  function perform(effect) {
    if (effect.type === "send") return session.send(effect.message);
    const { routeId } = effect;
    api(`/v1/strips/${encodeURIComponent(routeId)}`).then(
      (file) => dispatch({ type: "strip file", routeId, file }),
      () => dispatch({ type: "strip file", routeId, file: null }),
    );
  }

  // -- drawing -----------------------------------------------------------------

  function draw() {
    drawing = 0;
    orderBuses();
    orderBells();
    if (ringsDue) showRings();
    const chosen = state.chosen === null ? null : (fleet.slotOf(state.chosen) ?? null);
    map.choose({ hides: (slot) => hidden[slot] === 1, chosen, follows: state.follows });
    const shown = { fleet, slots, bells, garages: garages(), routes: places.routes, tilesBy: places.outline?.attribution ?? "" };
    patch(parts.figures, figures(state, t));
    patch(parts.side, side(state, shown, t));
    patch(parts.over, overMap(state, shown, t));
    patch(parts.strip, strip(state, fleet, places.routeName(state.strip?.routeId ?? ""), t));
    parts.strip.hidden = state.strip === null;
    measureLists();
  }

  function orderBuses() {
    const from = [fleet.changes, state.filter, state.orders.buses, Math.floor(state.nowMs / TICK_MS)];
    if (same(made.buses, from)) return;
    made.buses = from;
    slots = busOrder(fleet, state.filter, state.orders.buses, state.nowMs, ranks);
    if (hidden.length < fleet.kind.length) hidden = new Uint8Array(fleet.kind.length);
    hidden.fill(1);
    for (const slot of slots) hidden[slot] = 0;
  }

  function orderBells() {
    const from = [fleet.changes, state.filter, state.orders.bells, state.bells, places.outline];
    if (same(made.bells, from)) return;
    made.bells = from;
    bells = bellOrder(state, fleet, (routeId) => places.routeName(routeId));
  }

  /** A list that has not been measured draws nothing: its height is known only when it stands. */
  function measureLists() {
    for (const list of parts.side.querySelectorAll("[data-list]")) {
      const tab = tabOf(list);
      const height = list.clientHeight;
      if (height !== state.scrolls[tab].height) dispatch({ type: "scroll", tab, top: list.scrollTop, height });
    }
  }

  function showRings() {
    ringsDue = false;
    map.showRings(ringsOf(places, Object.values(state.bells ?? {}).filter((bell) => !hasEnded(bell))));
  }

  /** @type {{changes: number, names: string[]}} */
  let knownGarages = { changes: -1, names: [] };
  function garages() {
    if (knownGarages.changes !== fleet.changes) {
      const names = new Set(fleet.rows.flatMap((row) => (row?.garage ? [row.garage] : [])));
      knownGarages = { changes: fleet.changes, names: [...names].sort() };
    }
    return knownGarages.names;
  }

  // -- what the operator does ----------------------------------------------------

  /**
   * @param {string | null} vehicleId
   * @param {boolean} visit whether the map goes there
   */
  function choose(vehicleId, visit) {
    dispatch({ type: "choose", vehicleId });
    const slot = vehicleId === null ? undefined : fleet.slotOf(vehicleId);
    if (visit && slot !== undefined) map.goTo(slot, NEAR_SCALE);
  }

  /** @param {string} handle */
  function visitBell(handle) {
    const bell = state.bells?.[handle];
    if (bell === undefined) return;
    if (bell.vehicle_id !== undefined && fleet.slotOf(bell.vehicle_id) !== undefined) return choose(bell.vehicle_id, true);
    const at = places.stop(bell.stop_id);
    if (at === null) return;
    map.fit({ west: at.x - AROUND_STOP, east: at.x + AROUND_STOP, north: at.y - AROUND_STOP, south: at.y + AROUND_STOP });
  }

  /** The strip's route is a part of the address, so that it can be kept and sent to a colleague. */
  function followAddress() {
    const [what, routeId] = route();
    dispatch({ type: "strip", routeId: what === "route" && routeId !== undefined ? routeId : null });
  }

  onPress(root, (act, data) => {
    switch (act) {
      case "tab":
        return dispatch({ type: "tab", tab: data["tab"] === "bells" ? "bells" : "buses" });
      case "order":
        return dispatch({ type: "order", tab: data["tab"] === "bells" ? "bells" : "buses", column: String(data["column"]) });
      case "choose":
        return choose(String(data["vehicle"]), true);
      case "bell":
        return visitBell(String(data["bell"]));
      case "close card":
        return choose(null, false);
      case "follow":
        return dispatch({ type: "follow", follows: !state.follows });
      case "strip":
        return go("live", "route", String(data["route"]));
      case "close strip":
        return go("live");
      case "in":
        return map.zoom(2);
      case "out":
        return map.zoom(0.5);
      case "fit":
        return places.outline?.box ? map.fit(places.outline.box) : undefined;
      case "map again":
        return map.load();
    }
  });

  root.addEventListener("input", (event) => {
    const { target } = event;
    if (target instanceof HTMLInputElement && target.id === "search") dispatch({ type: "filter", change: { search: target.value } });
    if (target instanceof HTMLSelectElement && target.dataset["strip"] === "pattern") dispatch({ type: "strip pattern", patternId: target.value });
    if (target instanceof HTMLSelectElement && target.dataset["filter"]) dispatch({ type: "filter", change: { [target.dataset["filter"]]: target.value } });
  });

  root.addEventListener(
    "scroll",
    ({ target }) => {
      if (!(target instanceof HTMLElement) || target.dataset["list"] === undefined) return;
      dispatch({ type: "scroll", tab: tabOf(target), top: target.scrollTop, height: target.clientHeight });
    },
    true,
  );

  root.addEventListener("keydown", (event) => {
    const { target } = event;
    if (!(target instanceof HTMLElement)) return;
    if (event.key === "Escape" && state.chosen !== null) return choose(null, false);
    if (target.role === "tab" && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      const tab = state.tab === "buses" ? "bells" : "buses";
      dispatch({ type: "tab", tab });
      /** @type {HTMLElement | null} */ (root.querySelector(`#tab-${tab}`))?.focus();
    }
    if (target.dataset["list"] !== undefined) walk(event, target, tabOf(target));
  });

  /**
   * @param {KeyboardEvent} event
   * @param {HTMLElement} list
   * @param {Tab} tab
   */
  function walk(event, list, tab) {
    const ids = tab === "buses" ? slots.map((slot) => fleet.rows[slot]?.vehicle_id ?? "") : bells.map((line) => line.bell);
    const { active, height } = state.scrolls[tab];
    const at = active === null ? -1 : ids.indexOf(active);
    if (event.key === "Enter" && active !== null) return tab === "buses" ? choose(active, true) : visitBell(active);
    const next = walked(event.key, at, ids.length, height);
    if (next === null) return;
    event.preventDefault();
    dispatch({ type: "walk", tab, active: ids[next] ?? null });
    const top = next * ROW_PX;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + ROW_PX > list.scrollTop + height) list.scrollTop = top + ROW_PX - height;
  }

  // -- life ----------------------------------------------------------------------

  const deaf = session.listen((event) => {
    switch (event.type) {
      case "live":
        return dispatch({ type: "live", serverAtMs: Number(event.welcome["server_at_ms"]) });
      case "lost":
        return dispatch({ type: "lost", heardMs: event.heardMs });
      case "superseded":
        return dispatch({ type: "lost", heardMs: Date.now() });
      case "frame":
        return take(event.frame);
    }
  });

  /** @param {import("/static/shared/session.js").Frame} frame */
  function take(frame) {
    const message = /** @type {any} */ (frame);
    if (frame.type === "moves") return fleet.takeMoves(message, Date.now());
    if (frame.type === "vehicles") {
      fleet.takeRows(message, Date.now());
      return dispatch({ type: "buses" });
    }
    if (frame.type === "bells" || frame.type === "bell_event" || frame.type === "metrics") dispatch({ type: frame.type, message });
  }

  onRoute(followAddress);
  followAddress();
  map.load();
  const clock = setInterval(() => dispatch({ type: "tick" }), TICK_MS);
  return () => {
    deaf();
    map.end();
    clearInterval(clock);
    clearTimeout(resting);
    cancelAnimationFrame(drawing);
  };
}

/**
 * @param {unknown[]} a
 * @param {unknown[]} b
 */
function same(a, b) {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}

/**
 * @param {Element} list
 * @returns {Tab}
 */
function tabOf(list) {
  return list instanceof HTMLElement && list.dataset["list"] === "bells" ? "bells" : "buses";
}

/**
 * The parts that stay while everything in them changes.
 *
 * @param {HTMLElement} root
 * @param {import("/static/shared/words.js").Translate} t
 */
function scaffold(root, t) {
  const make = (/** @type {string} */ tag, /** @type {string} */ name, /** @type {HTMLElement} */ parent) => {
    const element = document.createElement(tag);
    element.className = name;
    parent.append(element);
    return element;
  };
  const bar = make("header", "bar", root);
  make("h1", "", bar).textContent = t("ops.section.live");
  const figuresPart = make("dl", "figures", bar);
  figuresPart.id = "figures";
  const stage = make("div", "stage", root);
  const map = make("div", "map", stage);
  map.tabIndex = 0;
  map.setAttribute("role", "application");
  map.setAttribute("aria-label", t("live.map.aria"));
  const over = make("div", "over", stage);
  const sidePart = make("div", "side", root);
  const stripPart = make("section", "strip", root);
  stripPart.setAttribute("aria-label", t("live.strip"));
  return { figures: figuresPart, map, over, side: sidePart, strip: stripPart };
}
