/** "Why this bus, why then": from what the rules saw to short sentences. Pure. */

/**
 * @typedef {import("/static/ops/replay/reel.js").Row} Row
 * @typedef {import("/static/shared/words.js").Said} Said
 * @typedef {{lines: Said[], rows: Considered[], raw: Row[]}} Tale  `raw`: the snapshots themselves
 * @typedef {{vehicle: string, chosen: boolean, leftM: number, commitM: number, etaS: number, ageS: number, unsureM: number | null, why: Said}} Considered
 */

/**
 * @param {readonly Row[]} story  rows about bells and alerts, in order
 * @param {Row} row  an `alert`, `clear`, `bell` or `refused` row of it
 * @returns {Tale}
 */
export function tell(story, row) {
  const before = story.filter((each) => each.at_ms <= row.at_ms);
  const telling = row["alert_id"] === undefined ? undefined : before.findLast((each) => each.type === "telling" && each["alert_id"] === row["alert_id"]);
  const bells = telling === undefined ? [row["bell_id"]] : /** @type {string[]} */ (telling["bells"]);
  const choices = bells.map((bell) => before.findLast((each) => each.type === "choice" && each["bell_id"] === bell)).filter((each) => each !== undefined);
  const choice = choices[0];
  return {
    lines: [...(choice === undefined ? [] : chosen(choice, bells.length)), ...(telling === undefined ? [] : told(telling))],
    rows: choice === undefined ? [] : /** @type {Row[]} */ (choice["considered"]).map(considered),
    raw: [...choices, ...(telling === undefined ? [] : [telling])],
  };
}

/**
 * All that was chosen for a bell, bus after bus; the table is that of the first choice.
 *
 * @param {readonly Row[]} story
 * @param {string} bell
 * @returns {Tale}
 */
export function tellAll(story, bell) {
  const choices = story.filter((each) => each.type === "choice" && each["bell_id"] === bell);
  return {
    lines: choices.flatMap((choice) => chosen(choice, 1)),
    rows: /** @type {Row[]} */ (choices[0]?.["considered"] ?? []).map(considered),
    raw: choices,
  };
}

/**
 * @param {Row} choice
 * @param {number} bells  how many stand behind the alert
 * @returns {Said[]}
 */
function chosen(choice, bells) {
  const looked = /** @type {Row[]} */ (choice["considered"]);
  const first = looked.find((row) => row["verdict"] === "chosen");
  /** @type {Said[]} */
  const lines = [{ key: "replay.why.looked", values: { n: looked.length, bells } }];
  if (choice["attempt"] > 1) lines.push({ key: choice["before"] === null ? "replay.why.another" : "replay.why.again", values: { n: choice["attempt"], vehicle: choice["before"] } });
  if (first === undefined) {
    lines.push({ key: "replay.why.none" });
  } else {
    const later = looked.filter((row) => row["verdict"] === "later").length;
    lines.push({ key: later > 0 ? "replay.why.first" : "replay.why.only", values: { vehicle: first["vehicle_id"], n: later } });
    lines.push({ key: "replay.why.reach", values: { left: metres(first["left_m"]), commit: metres(first["commit_m"]), speed: Math.round(first["speed_mps"] * 3.6) } });
    lines.push(
      first["uncertainty_m"] === null
        ? { key: "replay.why.age", values: { age: seconds(first["age_s"]) } }
        : { key: "replay.why.unsure", values: { age: seconds(first["age_s"]), m: metres(first["uncertainty_m"]) } },
    );
  }
  const numbers = choice["numbers"];
  lines.push({
    key: "replay.why.rules",
    values: { policy: choice["policy"], a: numbers["a_comfort_mps2"], react: numbers["t_react_s"], deliver: numbers["t_deliver_s"] },
  });
  return lines;
}

/**
 * @param {Row} telling
 * @returns {Said[]}
 */
function told(telling) {
  const margin = telling["left_m"] - telling["commit_m"];
  const values = { left: metres(telling["left_m"]), margin: metres(margin), lead: metres(telling["stage"] === "now" ? telling["now_m"] : telling["soon_m"]) };
  if (telling["stage"] === "now") return [{ key: "replay.why.now", values }];
  return [{ key: telling["stops_away"] <= 1 ? "replay.why.ahead.next" : "replay.why.ahead.soon", values }];
}

/**
 * @param {Row} row
 * @returns {Considered}
 */
function considered(row) {
  return {
    vehicle: row["vehicle_id"],
    chosen: row["verdict"] === "chosen",
    leftM: row["left_m"],
    commitM: row["commit_m"],
    etaS: row["eta_s"],
    ageS: row["age_s"],
    unsureM: row["uncertainty_m"],
    why: row["verdict"] === "cannot" ? reason(row["reason"]) : { key: `replay.verdict.${row["verdict"]}` },
  };
}

const REASONS = new Set([
  "too_late", "no_terminal", "bus_silent", "alight_only", "full", "cannot_stop", "off_route", "no_bus_can_serve", "no_low_floor", "no_free_bay",
  "unsure", "bus_here_now", "not_at_stop", "one_bell_at_a_time", "not_in_service", "route_not_at_stop", "unknown_stop", "unknown_route", "unknown_bell",
]);

/**
 * @param {string} code  one of PROTOCOL.md's; more may be added
 * @returns {Said}
 */
export function reason(code) {
  return REASONS.has(code) ? { key: `replay.reason.${code}` } : { key: "replay.reason.other", values: { code } };
}

/** @param {number} value */
export function metres(value) {
  return Math.round(value).toLocaleString("en").replaceAll(",", " ");
}

/** @param {number} value */
function seconds(value) {
  return value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value);
}

/** Rows that an operator steps through and reads in the list; snapshots belong to them and are shown with them. */
const EVENTS = new Set(["ring", "cancel", "respond", "bell", "alert", "clear", "refused"]);

/**
 * @param {readonly Row[]} story
 * @returns {Row[]}
 */
export function events(story) {
  return story.filter((row) => EVENTS.has(row.type));
}
