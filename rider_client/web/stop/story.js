/** The one sentence that says where a bell stands, polite and exact. Pure. */

import { minutesUntil } from "/static/shared/time.js";

/**
 * @typedef {import("/static/shared/words.js").Said} Said
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/rider/stop/state.js").Bell} Bell
 */

/** Reasons for which a bus loses a bell and riders are told so in words of their own. */
const TOLD_REASONS = new Set(["off_route", "signed_off", "bus_silent", "no_terminal"]);

/**
 * @param {Bell} bell
 * @param {{routeNames: Record<string, string>}} names
 * @returns {Said}
 */
export function storyOf(bell, { routeNames }) {
  const { message } = bell;
  const values = {
    route: routeNames[message.route_id] ?? message.route_id,
    plate: message.plate ?? "",
    minutes: message.eta_s === undefined ? "" : (minutesUntil(message.eta_s) ?? 0),
  };
  switch (message.state) {
    case "waiting":
      return { key: `story.waiting${waitingWhy(bell)}`, values };
    case "assigned":
      return assigned(bell, values);
    case "declined":
      return { key: message.reason === "full" ? "story.declined.full" : "story.declined.cannot_stop", values };
    case "cancelled":
      return { key: `story.cancelled${message.reason === "walked_away" ? ".walked_away" : ""}`, values };
    case "expired":
      return { key: `story.expired${message.reason === "no_more_buses" ? ".no_more_buses" : ""}`, values };
    default:
      return { key: `story.${message.state}`, values };
  }
}

/**
 * @param {Bell} bell
 * @returns {string}
 */
function waitingWhy({ message, failed, hadBus }) {
  if (failed !== null) return ".after";
  return hadBus && message.reason !== undefined && TOLD_REASONS.has(message.reason) ? `.${message.reason}` : "";
}

/**
 * A first bus is just named; a later one is told together with why the earlier did not take the rider along.
 *
 * @param {Bell} bell
 * @param {{route: string, plate: string, minutes: number | string}} values
 * @returns {Said}
 */
function assigned({ message, failed }, values) {
  if (message.attempt <= 1) return { key: "story.assigned", values };
  const what = failed?.attempt === message.attempt - 1 ? failedHow(failed) : "moved";
  const soon = typeof values.minutes === "number" && values.minutes > 0 ? "" : ".soon";
  return { key: `story.again.${what}${soon}`, values };
}

/**
 * @param {BellMessage} failed
 * @returns {"passed" | "full" | "cannot_stop"}
 */
function failedHow(failed) {
  if (failed.state === "passed") return "passed";
  return failed.reason === "full" ? "full" : "cannot_stop";
}
