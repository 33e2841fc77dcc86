/** What the shelf looks like: recordings, replays of them, and the buttons that make either. State in, nodes out. Pure. */

import { h } from "/static/shared/dom.js";

/**
 * @typedef {import("/static/shared/words.js").Translate} Translate
 * @typedef {import("/static/ops/replay/replay.d.ts").Recordings} Recordings
 * @typedef {import("/static/ops/replay/replay.d.ts").RecordingRow} RecordingRow
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayJobs} ReplayJobs
 * @typedef {import("/static/ops/replay/replay.d.ts").ReplayJob} ReplayJob
 * @typedef {{recordings: Recordings | null, jobs: ReplayJobs | null, policy: string, busy: boolean, failed: boolean}} ShelfState
 */

const BONES = 4;

/**
 * @param {ShelfState} state
 * @param {Translate} t
 */
export function shelf(state, t) {
  return [
    h("header", { key: "head", class: "shelf-head" }, h("h1", {}, t("ops.section.replay")), recorder(state, t)),
    state.failed
      ? h("p", { key: "failed", class: "failed", role: "alert" }, t("replay.failed"), " ", h("button", { class: "button", type: "button", "data-act": "reload" }, t("ops.failed.retry")))
      : null,
    h(
      "section",
      { key: "recordings", class: "card shelf-card", "aria-labelledby": "recordings-name" },
      h(
        "div",
        { class: "shelf-bar" },
        h("h2", { id: "recordings-name" }, t("replay.recordings")),
        h("label", { class: "shelf-policy" }, h("span", {}, t("replay.policy")), policies(state)),
        h("label", { class: "button file-button" }, h("span", {}, t("replay.give")), h("input", { id: "give", type: "file", accept: ".jsonl,.zst", class: "spoken" })),
      ),
      state.recordings === null ? bones() : recordings(state, state.recordings, t),
    ),
    h(
      "section",
      { key: "jobs", class: "card shelf-card", "aria-labelledby": "jobs-name" },
      h("div", { class: "shelf-bar" }, h("h2", { id: "jobs-name" }, t("replay.jobs"))),
      state.jobs === null ? bones() : jobs(state.jobs.replays, t),
    ),
  ];
}

/**
 * @param {ShelfState} state
 * @param {Translate} t
 */
function recorder(state, t) {
  const running = state.recordings?.recordings.find((row) => row.name === state.recordings?.recording);
  const said = running === undefined ? t("replay.not_recording") : t("replay.recording", { lines: running.lines ?? 0, size: bytes(running.stored_bytes) });
  return h(
    "div",
    { class: running === undefined ? "recorder" : "recorder recorder-on" },
    h("p", { role: "status" }, said),
    h(
      "button",
      {
        type: "button",
        class: running === undefined ? "button button-chief" : "button",
        "data-act": "record",
        "data-action": running === undefined ? "start" : "stop",
        "aria-disabled": state.recordings === null || state.busy ? "true" : null,
      },
      t(running === undefined ? "replay.record.start" : "replay.record.stop"),
    ),
  );
}

/** @param {ShelfState} state */
function policies(state) {
  return h(
    "select",
    { id: "policy", "data-choose": "policy" },
    (state.jobs?.policies ?? [state.policy]).map((name) => h("option", { key: name, value: name, selected: name === state.policy }, name)),
  );
}

/**
 * @param {ShelfState} state
 * @param {Recordings} all
 * @param {Translate} t
 */
function recordings(state, all, t) {
  if (all.recordings.length === 0) return h("p", { class: "empty" }, t("replay.recordings.empty"));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "recordings-name" },
    h(
      "table",
      {},
      heads(["name", "begun", "lasts", "lines", "size", "kind", "do"], t),
      h("tbody", {}, all.recordings.map((row) => recording(row, all.at_ms, state, t))),
    ),
  );
}

/**
 * @param {RecordingRow} row
 * @param {number} nowMs
 * @param {ShelfState} state
 * @param {Translate} t
 */
function recording(row, nowMs, state, t) {
  const endMs = row.state === "recording" ? nowMs : row.ended_ms;
  const lasts = row.begun_ms === null || endMs === null || row.kind === "given" ? "–" : lasting(endMs - row.begun_ms, t);
  const off = row.state === "recording" || state.busy ? "true" : null;
  const what = row.holds === "decisions" ? "replay.holds.decisions" : row.state === "complete" ? `replay.kind.${row.kind}` : `replay.state.${row.state}`;
  return h(
    "tr",
    { key: row.name },
    h("th", { scope: "row" }, row.name),
    h("td", { class: "number" }, row.begun_ms === null ? "–" : dayTime(row.begun_ms)),
    h("td", { class: "number" }, lasts),
    h("td", { class: "number" }, row.lines === null ? "–" : row.lines.toLocaleString("en")),
    h("td", { class: "number" }, bytes(row.stored_bytes)),
    h("td", {}, h("span", { class: `kind kind-${row.state}` }, t(what))),
    h(
      "td",
      { class: "doing" },
      row.holds === "decisions" ? null : h("button", { type: "button", class: "button", "data-act": "replay", "data-recording": row.name, "aria-disabled": off }, t("replay.do.replay"), h("span", { class: "spoken" }, row.name)),
      h("a", { class: "button", href: `/v1/ops/recordings/${encodeURIComponent(row.name)}`, download: "" }, t("replay.do.download"), h("span", { class: "spoken" }, row.name)),
      h("button", { type: "button", class: "button", "data-act": "delete", "data-recording": row.name, "aria-disabled": off }, t("replay.do.delete"), h("span", { class: "spoken" }, row.name)),
    ),
  );
}

/**
 * @param {readonly ReplayJob[]} all
 * @param {Translate} t
 */
function jobs(all, t) {
  if (all.length === 0) return h("p", { class: "empty" }, t("replay.jobs.empty"));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "jobs-name" },
    h("table", {}, heads(["of", "policy", "asked", "progress", "do"], t), h("tbody", {}, all.map((job) => one(job, t)))),
  );
}

/**
 * @param {ReplayJob} job
 * @param {Translate} t
 */
function one(job, t) {
  return h(
    "tr",
    { key: job.replay_id },
    h("th", { scope: "row" }, job.recording),
    h("td", {}, rulesOf(job, t)),
    h("td", { class: "number" }, dayTime(job.asked_ms)),
    h("td", {}, progress(job, t)),
    h(
      "td",
      { class: "doing" },
      job.state === "done" ? h("a", { class: "button button-chief", href: `#/replay/${job.replay_id}` }, t("replay.do.open"), h("span", { class: "spoken" }, job.recording)) : null,
      h("button", { type: "button", class: "button", "data-act": "forget", "data-id": job.replay_id }, t(job.state === "done" || job.state === "failed" ? "replay.do.delete" : "replay.do.cancel"), h("span", { class: "spoken" }, job.recording)),
    ),
  );
}

/**
 * @param {ReplayJob} job
 * @param {Translate} t
 * @returns {string} under what a run was decided
 */
export function rulesOf(job, t) {
  return job.decisions === null ? job.policy : t("replay.decisions_of", { name: job.decisions });
}

/**
 * @param {ReplayJob} job
 * @param {Translate} t
 */
function progress(job, t) {
  if (job.state === "failed") return h("span", { class: "wrong" }, job.why_failed ?? t("replay.job.failed"));
  if (job.state !== "running") return t(`replay.job.${job.state}`);
  return [h("progress", { max: 1, value: job.progress, "aria-label": t("replay.job.running") }), ` ${Math.round(job.progress * 100)} %`];
}

/**
 * @param {string[]} names
 * @param {Translate} t
 */
function heads(names, t) {
  const numbers = new Set(["begun", "lasts", "lines", "size", "asked"]);
  return h("thead", {}, h("tr", {}, names.map((name) => h("th", { key: name, scope: "col", class: numbers.has(name) ? "number" : null }, t(`replay.head.${name}`)))));
}

function bones() {
  return h("div", { class: "bones", "aria-hidden": "true" }, Array.from({ length: BONES }, (_, i) => h("p", { key: `bone${i}`, class: "bone" }, h("span", {}))));
}

/** @param {number} atMs */
function dayTime(atMs) {
  const at = new Date(atMs);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/**
 * @param {number} ms
 * @param {Translate} t
 */
function lasting(ms, t) {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return t("replay.lasts.s", { n: Math.round(ms / 1000) });
  return minutes < 90 ? t("replay.lasts.min", { n: minutes }) : t("replay.lasts.h", { n: (minutes / 60).toFixed(1) });
}

/** @param {number} n */
export function bytes(n) {
  if (n < 1_000_000) return `${Math.max(1, Math.round(n / 1000))} kB`;
  return n < 1_000_000_000 ? `${(n / 1_000_000).toFixed(1)} MB` : `${(n / 1_000_000_000).toFixed(1)} GB`;
}
