/** Numbers, instants and durations as the console writes them. Pure. */

/** @typedef {import("/static/shared/words.js").Translate} Translate */

const MINUTE_MS = 60_000;

/**
 * `2,314`
 *
 * @param {number} n
 * @returns {string}
 */
export function count(n) {
  return n.toLocaleString("en-US");
}

/**
 * `87.5 %` of something; a dash where there is nothing.
 *
 * @param {number} part
 * @param {number} whole
 * @returns {string}
 */
export function share(part, whole) {
  if (whole === 0) return "–";
  const percent = (100 * part) / whole;
  return `${percent.toFixed(percent > 0 && percent < 10 ? 1 : 0)} %`;
}

/**
 * `11-21 14:05` in the reader's own time zone; with `seconds`, `14:05:09` alone.
 *
 * @param {number} atMs
 * @returns {string}
 */
export function dayTime(atMs) {
  const at = new Date(atMs);
  return `${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/**
 * @param {number} atMs
 * @returns {string}
 */
export function clock(atMs) {
  const at = new Date(atMs);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** @param {number} n */
function two(n) {
  return String(n).padStart(2, "0");
}

/**
 * A wait, in the unit that suits it: milliseconds, seconds, minutes.
 *
 * @param {number | null | undefined} ms
 * @param {Translate} t
 * @returns {string}
 */
export function wait(ms, t) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1_000) return t("ops.ms", { n: short(ms) });
  if (ms < MINUTE_MS) return t("ops.seconds", { n: short(ms / 1000) });
  const s = Math.round(ms / 1000);
  return s % 60 === 0 ? t("desk.minutes.whole", { m: s / 60 }) : t("desk.minutes", { m: Math.floor(s / 60), s: s % 60 });
}

/** One decimal below ten, where there is one. @param {number} value */
function short(value) {
  return value.toFixed(value < 10 && !Number.isInteger(value) ? 1 : 0);
}

/**
 * `7-day window, 2,314 bells` as every figure says of itself.
 *
 * @param {{from_ms: number, to_ms: number, count: number}} window
 * @param {Translate} t
 * @param {string} [what] key of the words for the count
 * @returns {string}
 */
export function windowWords({ from_ms, to_ms, count: n }, t, what = "desk.bells") {
  return t("desk.window", { from: dayTime(from_ms), to: dayTime(to_ms), what: t(what, { n: count(n) }) });
}

/** Why a bell changed its state, as the server's codes; others are shown as they are. */
const REASONS = new Set([
  "full", "cannot_stop", "off_route", "signed_off", "bus_silent", "no_terminal", "overtaken", "unsure", "no_more_buses", "too_old", "too_late",
  "network_changed", "bus_here_now", "walked_away", "boarded_elsewhere", "no_free_bay", "not_in_service",
]);

/**
 * @param {string} code
 * @param {Translate} t
 * @returns {string}
 */
export function why(code, t) {
  return REASONS.has(code) ? t(`desk.reason.${code}`) : t("desk.reason.other", { code });
}

/**
 * Text of a CSV as the server writes them: byte order mark, CR LF, quotes where needed, nothing a spreadsheet would run.
 *
 * @param {readonly string[]} columns
 * @param {readonly (readonly (string | number | null)[])[]} rows
 * @returns {string}
 */
export function csvText(columns, rows) {
  return `\uFEFF${[columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** @param {string | number | null} value */
function cell(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
