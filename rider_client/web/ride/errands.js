/** Carries out what the state asks for over HTTP, and brings back what came as events. */

import * as api from "/static/rider/ride/api.js";
import { choices } from "/static/rider/ride/fix.js";
import { ridden } from "/static/rider/ride/ridden.js";

/**
 * @typedef {import("/static/rider/ride/state.js").Event} Event
 * @typedef {import("/static/rider/ride/state.js").Effect} Effect
 * @typedef {import("/static/rider/ride/sheets.js").How} How
 */

/**
 * @param {Effect} effect
 * @param {string} lang
 * @param {(event: Event) => void} dispatch
 * @returns {Promise<void>}
 */
export async function ask(effect, lang, dispatch) {
  switch (effect.type) {
    case "ask stops": {
      const answer = await api.stopsBy(effect.text);
      return dispatch({ to: "finder", event: { type: "found", text: effect.text, stops: answer.ok ? answer.body.stops : null } });
    }
    case "ask near": {
      const answer = await api.stopsNear(effect.here, effect.radiusM);
      return dispatch({ to: "finder", event: { type: "near", stops: answer.ok ? answer.body.stops : null } });
    }
    case "ask buses": {
      const answer = await api.busesNear(effect.here, effect.radiusM);
      return answer.ok ? dispatch({ to: "finder", event: { type: "buses", buses: answer.body.buses } }) : undefined;
    }
    case "ask map": {
      const answer = await api.mapAround(effect.here, effect.radiusM);
      return answer.ok ? dispatch({ to: "finder", event: { type: "map", features: answer.body.features } }) : undefined;
    }
    case "ask stop": {
      const answer = await api.stopBy(effect.stopId);
      return answer.ok ? dispatch({ to: "finder", event: { type: "stop", stop: answer.body } }) : undefined;
    }
    case "ask run": {
      const answer = await api.runOf(effect.vehicleId);
      return dispatch({ to: "aboard", event: { type: "run", run: answer.ok ? answer.body : null } });
    }
    case "ask rides": {
      const answer = await api.pastRides();
      return dispatch({ to: "sheets", event: { type: "rides", rides: answer.ok ? answer.body.rides : answer.status === 401 ? [] : null } });
    }
    case "ask report":
      return reported(await api.reportOf(effect.bellId, lang), effect.bellId, dispatch);
    case "send report":
      return reported(await api.sendReport(effect.bellId, effect.attempt, lang), effect.bellId, dispatch);
    case "ask companion": {
      const answer = await api.companionOf(effect.link);
      const how = answer.ok ? "kept" : answer.status === 0 ? "offline" : "gone";
      return dispatch({ to: "sheets", event: { type: "companion", link: effect.link, how, view: answer.ok ? answer.body : null } });
    }
    case "ask choices": {
      const { ride, end } = effect;
      const answer = await api.routeBy(ride.route_id);
      const found = answer.ok ? choices(answer.body.patterns, ride, end, lang) : null;
      return dispatch({ to: "sheets", event: { type: "choices", rideId: ride.ride_id, end, choices: found } });
    }
    case "ask way": {
      const answer = await api.routeBy(effect.ride.route_id);
      const way = answer.ok ? ridden(answer.body.patterns, effect.ride, lang) : null;
      return dispatch({ to: "sheets", event: { type: "way", rideId: effect.ride.ride_id, way } });
    }
    case "make link": {
      const answer = await api.makeLink(effect.rideId);
      return dispatch({ to: "sheets", event: { type: "link", link: answer.ok ? answer.body : null } });
    }
    case "ask code": {
      const answer = await api.inspectionCode(effect.rideId);
      const how = answer.ok ? "kept" : answer.status === 403 || answer.status === 404 ? "gone" : "offline";
      return dispatch({ to: "pass", event: { type: "code", rideId: effect.rideId, code: answer.ok ? answer.body : null, how } });
    }
    case "revoke": {
      const answer = await api.revokeLink(effect.link.link_id);
      return answer.ok || answer.status === 404 ? dispatch({ to: "sheets", event: { type: "unshared" } }) : undefined;
    }
  }
}

/**
 * @param {import("/static/rider/ride/api.js").Answer<import("/static/rider/ride/sheets.js").Report>} answer
 * @param {string} bellId
 * @param {(event: Event) => void} dispatch
 */
function reported(answer, bellId, dispatch) {
  /** @type {How} */
  const how = answer.ok ? "kept" : answer.status === 0 ? "offline" : answer.status === 409 || answer.status === 404 ? "gone" : "refused";
  dispatch({ to: "sheets", event: { type: "report", bellId, how, record: answer.ok ? answer.body : null, text: answer.ok ? "" : answer.detail } });
}
