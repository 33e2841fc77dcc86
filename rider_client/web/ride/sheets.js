/** What is read once and shown on a sheet: past rides, a report in the making, a companion's view, one's own link. Pure. */

/**
 * @typedef {import("/static/rider/ride/api.js").BusRun} BusRun
 * @typedef {import("/static/shared/wire.d.ts").BusMessage} BusMessage
 * @typedef {import("/static/shared/wire.d.ts").RideMessage} RideMessage
 * @typedef {{bell_id: string, attempt: number, route_name: string, stop_name: string, stop_names: Record<string, string>,
 *   stop_code: string, plate: string, vehicle_id: string, rung_ms: number, assigned_ms: number | null,
 *   shown_ms: number | null, passed_ms: number, least_speed_mps: number | null, doors: "open" | "closed" | null,
 *   reported_ms: number | null}} Report
 * @typedef {{run: BusRun, bus: BusMessage, alight_stop_sequence: number | null, expires_ms: number}} Companion
 * @typedef {{link_id: string, token: string, expires_ms: number}} Link
 * @typedef {"asking" | "kept" | "gone" | "offline" | "refused"} How
 * @typedef {import("/static/rider/ride/fix.js").End} End
 * @typedef {import("/static/rider/ride/fix.js").Choice} Choice
 * @typedef {import("/static/rider/ride/ridden.js").Ridden} Ridden
 * @typedef {{rideId: string, end: End, how: How, choices: Choice[]}} Fixing
 *
 * @typedef {{
 *   rides: RideMessage[] | null,
 *   ridesFailed: boolean,
 *   report: {bellId: string, how: How, record: Report | null, text: string},
 *   companion: {link: string, how: How, view: Companion | null},
 *   link: Link | null,
 *   sharing: "idle" | "asking" | "shared" | "copied" | "failed",
 *   fixing: Fixing | null,
 *   ways: Record<string, Ridden | null>,
 * }} Sheets  `ways`: by ride, null while it is asked for or not known
 *
 * @typedef {(
 *   | {type: "rides", rides: RideMessage[] | null}
 *   | {type: "open report", bellId: string}
 *   | {type: "report", bellId: string, how: How, record: Report | null, text: string}
 *   | {type: "confirm report"}
 *   | {type: "open companion", link: string}
 *   | {type: "companion", link: string, how: How, view: Companion | null}
 *   | {type: "share", rideId: string}
 *   | {type: "link", link: Link | null}
 *   | {type: "shared", how: "shared" | "copied" | "failed"}
 *   | {type: "unshare"}
 *   | {type: "unshared"}
 *   | {type: "fix", ride: RideMessage, end: End}
 *   | {type: "choices", rideId: string, end: End, choices: Choice[] | null}
 *   | {type: "leave it"}
 *   | {type: "show way", ride: RideMessage}
 *   | {type: "way", rideId: string, way: Ridden | null}
 * )} Event
 * @typedef {(
 *   | {type: "ask rides"}
 *   | {type: "ask report", bellId: string}
 *   | {type: "send report", bellId: string, attempt: number}
 *   | {type: "ask companion", link: string}
 *   | {type: "make link", rideId: string}
 *   | {type: "hand on", link: Link}
 *   | {type: "revoke", link: Link}
 *   | {type: "ask choices", ride: RideMessage, end: End}
 *   | {type: "ask way", ride: RideMessage}
 *   | {type: "enter by code", nonce: string}
 * )} Effect
 * @typedef {{sheets: Sheets, effects: Effect[]}} Step
 */

/** @returns {Sheets} */
export function initialSheets() {
  return {
    rides: null,
    ridesFailed: false,
    report: { bellId: "", how: "asking", record: null, text: "" },
    companion: { link: "", how: "asking", view: null },
    link: null,
    sharing: "idle",
    fixing: null,
    ways: {},
  };
}

/**
 * @param {Sheets} sheets
 * @param {Event} event
 * @returns {Step}
 */
export function sheet(sheets, event) {
  switch (event.type) {
    case "rides":
      return still({ ...sheets, rides: event.rides ?? sheets.rides, ridesFailed: event.rides === null });
    case "open report":
      return {
        sheets: { ...sheets, report: { bellId: event.bellId, how: "asking", record: null, text: "" } },
        effects: [{ type: "ask report", bellId: event.bellId }],
      };
    case "report":
      return still(reported(sheets, event));
    case "confirm report":
      return confirmed(sheets);
    case "open companion":
      return {
        sheets: { ...sheets, companion: { link: event.link, how: "asking", view: sheets.companion.view } },
        effects: [{ type: "ask companion", link: event.link }],
      };
    case "companion":
      return still(seen(sheets, event));
    case "share":
      if (sheets.link !== null) return { sheets, effects: [{ type: "hand on", link: sheets.link }] };
      return { sheets: { ...sheets, sharing: "asking" }, effects: [{ type: "make link", rideId: event.rideId }] };
    case "link":
      if (event.link === null) return still({ ...sheets, sharing: "failed" });
      return { sheets: { ...sheets, link: event.link }, effects: [{ type: "hand on", link: event.link }] };
    case "shared":
      return still({ ...sheets, sharing: event.how });
    case "unshare":
      return { sheets, effects: sheets.link === null ? [] : [{ type: "revoke", link: sheets.link }] };
    case "unshared":
      return still({ ...sheets, link: null, sharing: "idle" });
    case "fix":
      return {
        sheets: { ...sheets, fixing: { rideId: event.ride.ride_id, end: event.end, how: "asking", choices: [] } },
        effects: [{ type: "ask choices", ride: event.ride, end: event.end }],
      };
    case "choices":
      return still(offered(sheets, event));
    case "leave it":
      return still({ ...sheets, fixing: null });
    case "show way":
      if (sheets.ways[event.ride.ride_id] != null) return still(sheets);
      return { sheets, effects: [{ type: "ask way", ride: event.ride }] };
    case "way":
      return still({ ...sheets, ways: { ...sheets.ways, [event.rideId]: event.way } });
  }
}

/**
 * @param {Sheets} sheets
 * @returns {Step}
 */
function still(sheets) {
  return { sheets, effects: [] };
}

/**
 * @param {Sheets} sheets
 * @param {{bellId: string, how: How, record: Report | null, text: string}} told
 * @returns {Sheets}
 */
function reported(sheets, { bellId, how, record, text }) {
  if (bellId !== sheets.report.bellId) return sheets;
  return { ...sheets, report: { bellId, how, record: record ?? sheets.report.record, text } };
}

/**
 * @param {Sheets} sheets
 * @returns {Step}
 */
function confirmed(sheets) {
  const { bellId, record } = sheets.report;
  if (record === null || record.reported_ms !== null) return still(sheets);
  return {
    sheets: { ...sheets, report: { ...sheets.report, how: "asking" } },
    effects: [{ type: "send report", bellId, attempt: record.attempt }],
  };
}

/**
 * A companion's view stays when the next look finds no network: what is known, and how old it is.
 *
 * @param {Sheets} sheets
 * @param {{link: string, how: How, view: Companion | null}} told
 * @returns {Sheets}
 */
function seen(sheets, { link, how, view }) {
  if (link !== sheets.companion.link) return sheets;
  return { ...sheets, companion: { link, how, view: how === "offline" ? sheets.companion.view : view } };
}

/**
 * @param {Sheets} sheets
 * @param {{rideId: string, end: End, choices: Choice[] | null}} told
 * @returns {Sheets}
 */
function offered(sheets, { rideId, end, choices }) {
  if (sheets.fixing?.rideId !== rideId || sheets.fixing.end !== end) return sheets;
  return { ...sheets, fixing: { rideId, end, how: choices === null ? "offline" : "kept", choices: choices ?? [] } };
}
