/** The replay section: the shelf of recordings, or one run with its controls. Connects requests, player, reels, views. */

import { onPress, patch } from "/static/shared/dom.js";
import { film } from "/static/ops/replay/film_view.js";
import { ReplayMap } from "/static/ops/replay/map.js";
import { act, keyed, loaded } from "/static/ops/replay/player.js";
import { Reel } from "/static/ops/replay/reel.js";
import { shelf } from "/static/ops/replay/shelf_view.js";
import { events } from "/static/ops/replay/story.js";

/**
 * @typedef {import("/static/ops/replay/film_view.js").FilmState} FilmState
 * @typedef {import("/static/ops/replay/film_view.js").Run} Run
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayJob} ReplayJob
 * @typedef {import("/static/ops/replay/shelf_view.js").ShelfState} ShelfState
 */

const POLL_MS = 1_000;
/** Of a strip before it has been measured, CSS pixels. */
const LANE_WIDTH = 800;
const JSON_BODY = { "content-type": "application/json" };

/** @type {import("/static/ops/sections.js").Mount} */
export function mount(root, { t, api, route, onRoute, go, notice }) {
  const left = new AbortController();
  /** @type {ShelfState} */
  let shelfState = { recordings: null, jobs: null, policy: "physical", busy: false, failed: false };
  /** @type {FilmState | null} */
  let filmState = null;
  /** @type {Map<string, Reel>} */
  const reels = new Map();
  /** @type {Set<string>} */
  const coming = new Set();
  /** @type {{canvas: HTMLCanvasElement, map: ReplayMap} | null} */
  let map = null;
  /** A bus was chosen whose line is to be shown as soon as it is known where it is. */
  let followed = false;
  let asked = 0;
  let frame = 0;
  let lastMs = 0;
  let poll = 0;

  /** @param {string} path @param {RequestInit} [init] */
  const get = (path, init = {}) => api(`/v1/ops/${path}`, { ...init, signal: left.signal });

  // -- what the address says ---------------------------------------------------------

  async function follow() {
    const [one, , other] = route();
    asked += 1;
    const mine = asked;
    if (one === undefined) {
      filmState = null;
      map = null;
      draw();
      await refresh();
      return;
    }
    try {
      const [jobs, recordings] = await Promise.all([get("replays"), get("recordings")]);
      const [first, second] = await Promise.all([run(one, jobs.replays), other === undefined ? null : run(other, jobs.replays)]);
      const comparison = second === null ? null : await get(`replays/${one}/differences?other=${other}`);
      if (mine === asked) open(first, second, jobs, recordings.recordings, comparison);
    } catch (error) {
      if (mine === asked && !left.signal.aborted) {
        console.warn(error);
        go("replay");
      }
    }
  }

  /**
   * @param {string} id
   * @param {ReplayJob[]} jobs
   * @returns {Promise<Run>}
   */
  async function run(id, jobs) {
    const [index, patterns, story] = await Promise.all(["index", "patterns", "story"].map((part) => get(`replays/${id}/${part}`)));
    const job = jobs.find((each) => each.replay_id === id) ?? (await get(`replays/${id}`));
    reels.set(id, new Reel(index));
    return { job, index, patterns: patterns.patterns, story: story.rows, events: events(story.rows), moment: null };
  }

  /**
   * @param {Run} one
   * @param {Run | null} other
   * @param {import("/static/ops/replay/replay.d.ts").ReplayJobs} jobs
   * @param {import("/static/ops/replay/replay.d.ts").RecordingRow[]} shelved
   * @param {any} comparison
   */
  function open(one, other, jobs, shelved, comparison) {
    const seen = new Set(jobs.replays.filter((job) => job.recording === one.job.recording && job.state === "done").map((job) => job.decisions));
    const before = filmState?.one.job.recording === one.job.recording ? filmState : null;
    const stops = one.patterns.flatMap((pattern) => pattern.stops.map((stop) => /** @type {const} */ ([stop.stop_id, stop.name])));
    const fresh = loaded(one.index.from_ms, one.index.to_ms, [...one.events, ...(other?.events ?? [])].map((row) => row.at_ms));
    filmState = {
      one,
      other,
      comparison,
      player: before === null ? fresh : { ...fresh, atMs: before.player.atMs, speed: before.player.speed },
      jobs: jobs.replays,
      policies: jobs.policies,
      given: shelved.filter((row) => row.holds === "decisions" && !seen.has(row.name)).map((row) => row.name),
      patternId: before?.patternId ?? busiest(one),
      vehicle: before?.vehicle ?? null,
      row: null,
      asking: null,
      laneWidth: LANE_WIDTH,
      stopNames: new Map(stops),
    };
    draw();
  }

  /** The pattern of the first alert, else the first one. @param {Run} one */
  function busiest(one) {
    const alert = one.events.find((row) => row.type === "alert");
    const found = one.patterns.find((pattern) => pattern.stops.some((stop) => stop.stop_id === alert?.["stop_id"]));
    return (found ?? one.patterns[0])?.pattern_id ?? null;
  }

  // -- the shelf -----------------------------------------------------------------------

  async function refresh() {
    clearTimeout(poll);
    try {
      const [recordings, jobs] = await Promise.all([get("recordings"), get("replays")]);
      shelfState = { ...shelfState, recordings, jobs, failed: false };
    } catch {
      if (left.signal.aborted) return;
      shelfState = { ...shelfState, failed: true };
    }
    draw();
    const going = shelfState.recordings?.recording !== null || shelfState.jobs?.replays.some((job) => job.state === "waiting" || job.state === "running");
    if (going && filmState === null && !left.signal.aborted) poll = window.setTimeout(refresh, POLL_MS);
  }

  /** Do one thing at a time, then look again. @param {() => Promise<unknown>} task */
  async function doing(task) {
    if (shelfState.busy) return;
    shelfState = { ...shelfState, busy: true };
    draw();
    try {
      await task();
    } catch {
      // the shell has said what went wrong
    }
    shelfState = { ...shelfState, busy: false };
    await refresh();
  }

  /** @param {{recording: string, policy?: string, decisions?: string}} wish @returns {Promise<ReplayJob>} */
  const ask = (wish) => get("replays", { method: "POST", headers: JSON_BODY, body: JSON.stringify(wish) });

  /** @param {File} file */
  async function give(file) {
    const name = file.name.replace(/\.jsonl(\.zst)?$/, "").replace(/[^A-Za-z0-9_.-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "recording";
    const type = file.name.endsWith(".zst") ? "application/zstd" : "application/x-ndjson";
    await get(`recordings/${encodeURIComponent(name)}`, { method: "PUT", headers: { "content-type": type }, body: file });
    notice(t("replay.given", { name }));
  }

  /**
   * Run the same recording under another policy, or look at what another version decided; show both when it is done.
   *
   * @param {{policy?: string, decisions?: string}} other
   */
  async function compareWith(other) {
    if (filmState === null) return;
    const { one } = filmState;
    filmState = { ...filmState, asking: other.policy ?? other.decisions ?? "" };
    draw();
    try {
      let job = await ask({ recording: one.job.recording, ...other });
      while (job.state === "waiting" || job.state === "running") {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS / 2));
        job = await get(`replays/${job.replay_id}`);
      }
      if (job.state !== "done") notice(job.why_failed ?? t("replay.job.failed"));
      else if (filmState?.one.job.replay_id === one.job.replay_id) go("replay", one.job.replay_id, "vs", job.replay_id);
    } catch {
      // the shell has said what went wrong
    }
    if (filmState !== null) filmState = { ...filmState, asking: null };
    draw();
  }

  // -- drawing ----------------------------------------------------------------------------

  function draw() {
    if (frame === 0) frame = requestAnimationFrame(paint);
  }

  /** @param {number} nowMs */
  function paint(nowMs) {
    frame = 0;
    if (left.signal.aborted) return;
    if (filmState === null) {
      root.classList.remove("filming");
      patch(root, route().length === 0 ? shelf(shelfState, t) : []);
      return;
    }
    root.classList.add("filming");
    const held = filmState.one.moment === null;
    const elapsedMs = lastMs === 0 || held ? 0 : Math.min(250, nowMs - lastMs);
    lastMs = filmState.player.playing ? nowMs : 0;
    const player = act(filmState.player, { type: "tick", elapsedMs });
    const one = seen(filmState.one, player.atMs);
    filmState = { ...filmState, player, one, other: filmState.other === null ? null : seen(filmState.other, player.atMs) };
    const follows = followed && one.moment !== null && filmState.vehicle !== null ? one.moment.vehicles.get(filmState.vehicle) : undefined;
    if (follows !== undefined) filmState = { ...filmState, patternId: follows["pattern_id"] ?? filmState.patternId };
    patch(root, film(filmState, t));
    const laneWidth = (root.querySelector(".lanes")?.clientWidth ?? LANE_WIDTH) - 32;
    if (laneWidth > 0 && laneWidth !== filmState.laneWidth) {
      filmState = { ...filmState, laneWidth };
      draw();
    }
    const seek = /** @type {HTMLInputElement} */ (root.querySelector("#seek"));
    seek.value = String(player.atMs);
    if (one.moment !== null) chart().draw(one.patterns, one.moment, { patternId: filmState.patternId, vehicle: filmState.vehicle });
    if (follows !== undefined && filmState.row !== null) chart().focus(follows);
    if (one.moment !== null) followed = false;
    if (player.playing) draw();
  }

  /** @returns {ReplayMap} */
  function chart() {
    const canvas = /** @type {HTMLCanvasElement} */ (root.querySelector("#replay-map"));
    if (map?.canvas !== canvas) map = { canvas, map: new ReplayMap(canvas, choose) };
    return map.map;
  }

  /** The run at a moment; asks for what is missing of it. @param {Run} run @param {number} atMs @returns {Run} */
  function seen(run, atMs) {
    const id = run.job.replay_id;
    const reel = /** @type {Reel} */ (reels.get(id));
    for (const number of reel.missing(atMs)) void fetchChunk(id, reel, number);
    const moment = reel.at(atMs);
    return { ...run, moment };
  }

  /** @param {string} id @param {Reel} reel @param {number} number */
  async function fetchChunk(id, reel, number) {
    const name = `${id}/${number}`;
    if (coming.has(name)) return;
    coming.add(name);
    try {
      reel.give(number, await get(`replays/${id}/chunks/${number}`));
    } catch {
      if (filmState !== null) filmState = { ...filmState, player: act(filmState.player, { type: "pause" }) };
    }
    coming.delete(name);
    draw();
  }

  // -- what people do ------------------------------------------------------------------------

  /** @param {import("/static/ops/replay/player.js").Act} what */
  function play(what) {
    if (filmState === null) return;
    filmState = { ...filmState, player: act(filmState.player, what) };
    draw();
  }

  /** @param {string | undefined} vehicle */
  function choose(vehicle) {
    if (filmState === null || vehicle === undefined) return;
    filmState = { ...filmState, vehicle };
    followed = true;
    draw();
  }

  /** @param {number} at  its place among the events */
  function explain(at) {
    const row = filmState?.one.events[at];
    if (filmState === null || row === undefined) return;
    const pattern = filmState.one.patterns.find((each) => each.route_id === row["route_id"] && each.stops.some((stop) => stop.stop_id === row["stop_id"]));
    filmState = {
      ...filmState,
      row,
      player: act(act(filmState.player, { type: "pause" }), { type: "seek", atMs: row.at_ms }),
      vehicle: row["vehicle_id"] ?? filmState.vehicle,
      patternId: pattern?.pattern_id ?? filmState.patternId,
    };
    followed = row["vehicle_id"] !== undefined;
    draw();
  }

  /** Go to where a bell that fared differently was rung, and tell both stories of it. @param {string} bell @param {number} rungMs */
  function differed(bell, rungMs) {
    if (filmState === null) return;
    const row = [filmState.one, filmState.other].flatMap((run) => run?.events ?? []).find((each) => each["bell_id"] === bell && each.type === "bell" && each["state"] === "assigned");
    filmState = {
      ...filmState,
      row: row ?? null,
      vehicle: row?.["vehicle_id"] ?? filmState.vehicle,
      player: act(act(filmState.player, { type: "pause" }), { type: "seek", atMs: rungMs }),
    };
    followed = row !== undefined;
    draw();
  }

  onPress(root, (what, data) => {
    switch (what) {
      case "record":
        return void doing(() => get("recordings", { method: "POST", headers: JSON_BODY, body: JSON.stringify({ action: data["action"] }) }));
      case "replay":
        return void doing(() => ask({ recording: String(data["recording"]), policy: shelfState.policy }));
      case "delete":
        return void doing(() => get(`recordings/${encodeURIComponent(String(data["recording"]))}`, { method: "DELETE" }));
      case "forget":
        return void doing(() => get(`replays/${data["id"]}`, { method: "DELETE" }));
      case "reload":
        return void refresh();
      case "toggle":
        return play({ type: "toggle" });
      case "step":
        return play({ type: "step", back: false });
      case "step-back":
        return play({ type: "step", back: true });
      case "speed":
        return play({ type: "speed", speed: Number(data["speed"]) });
      case "difference":
        return differed(String(data["bell"]), Number(data["ms"]));
      case "vehicle":
        return choose(data["vehicle"]);
      case "why":
        return explain(Number(data["at"]));
      case "close-why":
        if (filmState !== null) filmState = { ...filmState, row: null };
        return draw();
    }
  });
  // the strips are pictures: a press on a bus in one is heard here, as `onPress` hears HTML elements only
  root.addEventListener("click", (event) => {
    const bus = event.target instanceof SVGElement ? event.target.closest("[data-vehicle]") : null;
    if (bus !== null) choose(bus.getAttribute("data-vehicle") ?? undefined);
  });
  root.addEventListener("input", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.id === "seek") play({ type: "seek", atMs: Number(event.target.value) });
  });
  root.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.id === "give") {
      const file = event.target.files?.[0];
      event.target.value = "";
      if (file !== undefined) void doing(() => give(file));
    }
    if (!(event.target instanceof HTMLSelectElement)) return;
    const { value } = event.target;
    if (event.target.id === "policy") shelfState = { ...shelfState, policy: value };
    if (event.target.id === "pattern" && filmState !== null) filmState = { ...filmState, patternId: value };
    if (event.target.id === "compare" && filmState !== null) {
      const id = filmState.one.job.replay_id;
      if (value === "") go("replay", id);
      else if (value.startsWith("with:")) go("replay", id, "vs", value.slice(5));
      else if (value.startsWith("given:")) void compareWith({ decisions: value.slice(6) });
      else void compareWith({ policy: value.slice(6) });
    }
    draw();
  });
  const hearKeys = (/** @type {KeyboardEvent} */ event) => {
    if (filmState === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("select, canvas, pre, .scroll, input[type=search]")) return;
    if (event.key === " " && target?.closest("button, a, summary")) return;
    if (target?.id === "seek" && event.key === "ArrowUp") return;
    const what = keyed(event.key, event.shiftKey);
    if (what === null) return;
    event.preventDefault();
    play(what);
  };
  document.addEventListener("keydown", hearKeys);
  onRoute(() => void follow());
  draw();
  void follow();
  return () => {
    left.abort();
    clearTimeout(poll);
    cancelAnimationFrame(frame);
    document.removeEventListener("keydown", hearKeys);
  };
}
