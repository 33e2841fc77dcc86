/** What the driver is asked about his run, and when the server is asked for it: only while the bus stands. Pure. */

import { main } from "/static/driver/screen.js";
import { standing } from "/static/driver/motion.js";

/** A bus without a sign-on asks so often; one with it once each time it comes to stand. */
const ASK_EVERY_MS = 10_000;
/** Asked again so long after an answer without a run: the server may not have known the place yet. */
const ASK_AGAIN_MS = 2_500;
/** How the `ref` of such a question begins: if it is refused, nobody needs to read that. */
export const SUGGEST = "suggest-";

/**
 * @typedef {import("/static/driver/state.js").State} State
 * @typedef {import("/static/driver/state.js").Step} Step
 * @typedef {import("/static/shared/wire.d.ts").SuggestedRun} SuggestedRun
 * @typedef {import("/static/shared/wire.d.ts").Suggestions} Suggestions
 * @typedef {{runs: SuggestedRun[], mismatch: boolean}} Proposal
 * @typedef {{askedMs: number, sinceStand: boolean}} Asking
 */

/** @type {Asking} */
export const NEVER_ASKED = { askedMs: 0, sinceStand: false };

/**
 * After anything happened: ask the server which run this is, if it is time to.
 *
 * @param {Step} step
 * @returns {Step}
 */
export function asked(step) {
  const { state, effects } = step;
  if (!standing(state.motion, state.nowMs)) {
    const quiet = !state.asking.sinceStand && !state.choosing;
    return quiet ? step : { state: { ...state, asking: { ...state.asking, sinceStand: false }, choosing: false }, effects };
  }
  const due = state.nowMs - state.asking.askedMs >= ASK_EVERY_MS && (unsaid(state) || !state.asking.sinceStand);
  if (!due || !state.link.live || !state.tripKnown || state.door !== "open") return step;
  return {
    state: { ...state, asking: { askedMs: state.nowMs, sinceStand: true } },
    effects: [...effects, { type: "send", message: { type: "suggest", ref: `${SUGGEST}${state.nowMs}` } }],
  };
}

/**
 * Has the driver not said what he runs?
 *
 * @param {State} state
 * @returns {boolean}
 */
function unsaid(state) {
  return state.trip === null || state.trip.inferred === true;
}

/**
 * @param {State} state
 * @param {Suggestions} message
 * @returns {State}
 */
export function suggested(state, { runs, mismatch }) {
  const proposal = runs.length > 0 || mismatch ? { runs, mismatch } : null;
  const early = proposal === null && unsaid(state);
  const asking = early ? { ...state.asking, askedMs: state.nowMs - ASK_EVERY_MS + ASK_AGAIN_MS } : state.asking;
  return { ...state, proposal, asking };
}

/**
 * The run that the driver is asked about now: while he stands, has nothing else on the screen, does not choose for
 * himself already, and has not said no to it.
 *
 * @param {State} state
 * @returns {SuggestedRun | null}
 */
export function question(state) {
  const run = state.proposal?.runs[0];
  if (run === undefined || main(state) !== null || !standing(state.motion, state.nowMs) || state.signingOn) return null;
  const open = unsaid(state) || state.proposal?.mismatch === true;
  const choosing = state.choosing || state.chosenRoute !== "";
  return open && !choosing && state.waved !== run.trip_id ? run : null;
}

/**
 * A wrong sign-on, without a better run to offer. Said only while the bus stands.
 *
 * @param {State} state
 * @returns {boolean}
 */
export function lostItsWay(state) {
  return state.trip !== null && standing(state.motion, state.nowMs) && state.proposal?.mismatch === true && state.proposal.runs.length === 0;
}

/**
 * "Another run": the driver chooses himself, and is not asked about this one again.
 *
 * @param {State} state
 * @returns {State}
 */
export function wavedOff(state) {
  const run = question(state);
  return run === null ? state : { ...state, choosing: true, waved: run.trip_id };
}
