/** The stop page's board and cards: which bells are open, which lines the board has, how long it takes. Pure. */

/** An ended bell stays as one line for this long. */
export const ENDED_KEPT_MS = 900_000;
const ENDED_LINES = 3;
/** Buses are late more often than early: a minute of doubt. */
const GONE_S = 60;

const TOLD_WHY_NOT = new Set(["too_late", "no_terminal", "bus_silent", "alight_only", "full", "cannot_stop", "off_route", "not_in_service"]);

export const ENDS = /** @type {ReadonlySet<string>} */ (
  new Set(["boarded", "alighted", "served", "cancelled", "expired", "refused"])
);

/**
 * @typedef {import("/static/rider/stop/state.js").State} State
 * @typedef {Pick<State, "stop" | "board" | "boardTakenMs" | "bells" | "waiting" | "needs" | "link" | "nowMs">} BoardState
 * @typedef {import("/static/rider/stop/state.js").Bell} Bell
 * @typedef {import("/static/shared/wire.d.ts").ArrivalRow} ArrivalRow
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
 * @typedef {import("/static/shared/wire.d.ts").Need} Need
 */

/**
 * @param {Bell} bell
 * @param {State} state
 * @returns {boolean}
 */
export function forgotten(bell, state) {
  return ENDS.has(bell.message.state) && state.nowMs + state.serverAheadMs - bell.message.at_ms > ENDED_KEPT_MS;
}

/**
 * @param {BoardState} state
 * @returns {Bell[]} oldest first
 */
export function openBells(state) {
  return Object.values(state.bells).filter((bell) => !ENDS.has(bell.message.state));
}

/**
 * @param {State} state
 * @returns {string[]} ids of the bells whose rider still has to be at the stop
 */
export function waitingBells(state) {
  return openBells(state)
    .filter(({ message }) => message.kind === "board" && message.state !== "arrived")
    .map(({ message }) => message.bell_id);
}

/**
 * @param {State} state
 * @returns {Bell[]} the latest first, a few
 */
export function endedBells(state) {
  return Object.values(state.bells)
    .filter((bell) => ENDS.has(bell.message.state) && !forgotten(bell, state))
    .sort((a, b) => b.message.at_ms - a.message.at_ms)
    .slice(0, ENDED_LINES);
}

/**
 * Seconds until a bell's bus is here: by the board where it stands there, else by the bell's own last estimate.
 *
 * @param {BellMessage} message
 * @param {State} state
 * @returns {number | null}
 */
export function secondsUntil(message, state) {
  const row = rowOf(message, state);
  if (row) return secondsUntilRow(row, state);
  if (message.eta_s === undefined) return null;
  return Math.max(0, message.eta_s - (state.nowMs + state.serverAheadMs - message.at_ms) / 1000);
}

/**
 * @param {ArrivalRow} row
 * @param {BoardState} state
 * @returns {number}
 */
export function secondsUntilRow(row, state) {
  return Math.max(0, row.eta_s - (state.nowMs - state.boardTakenMs) / 1000);
}

/**
 * Without a link nobody says that a bus has left: by an old board it is taken for gone a while after its time.
 *
 * @param {ArrivalRow} row
 * @param {BoardState} state
 */
function goneBy(row, { link, nowMs, boardTakenMs }) {
  return !link.live && row.eta_s - (nowMs - boardTakenMs) / 1000 < -GONE_S;
}

/**
 * The board's row of a bell's bus.
 *
 * @param {BellMessage} message
 * @param {State} state
 * @returns {ArrivalRow | undefined}
 */
export function rowOf(message, state) {
  if (message.stop_id !== state.stop.stop_id) return undefined;
  return state.board?.buses.find(
    (row) => row.vehicle_id === message.vehicle_id && row.stop_sequence === message.stop_sequence,
  );
}

/**
 * @typedef {{key: string, row: ArrivalRow, nextRow: ArrivalRow | null, twice: boolean, taken: boolean, aimed: boolean}} Line
 *   `nextRow`: the bus of the same line after this one; `twice`: its trip calls here more than once;
 *   `taken`: a bell for this line is on its way; `aimed`: the rider needs this very bus, not any of the line
 */

/**
 * Why this rider cannot ring for this bus, as a key of the words; null when they can. A wheelchair gets
 * on where the floor is low and a bay free; what nobody knows is not a no.
 *
 * @param {ArrivalRow} row
 * @param {readonly Need[]} needs
 * @returns {string | null}
 */
export function whyNot(row, needs) {
  if (!row.ringable) return TOLD_WHY_NOT.has(row.why_not ?? "") ? `why_not.${row.why_not}` : "why_not";
  if (!needs.includes("wheelchair")) return null;
  if (row.low_floor === false) return "why_not.no_low_floor";
  return row.bays_free === 0 ? "why_not.no_free_bay" : null;
}

/**
 * The board as lines: a bus that can be rung for takes its followers of the same route and headsign into its own line;
 * a bus that a card stands for is left out. To a wheelchair each low-floor bus is a line of its own, so that the one
 * behind an ordinary bus can be aimed at.
 *
 * @param {BoardState} state
 * @returns {Line[]}
 */
export function lines(state) {
  const buses = state.board?.buses ?? [];
  const bells = openBells(state).map((bell) => bell.message);
  const onCards = new Set(bells.map((message) => `${message.vehicle_id} ${message.stop_sequence}`));
  const rung = new Set(bells.filter((m) => m.stop_id === state.stop.stop_id).map((m) => m.route_id));
  const waiting = new Set(Object.values(state.waiting).map((one) => one.line));
  /** @type {Map<string, Line>} */
  const open = new Map();
  /** @type {Line[]} */
  const out = [];
  for (const row of buses) {
    if (onCards.has(`${row.vehicle_id} ${row.stop_sequence}`) || goneBy(row, state)) continue;
    const twice = buses.some((other) => other.trip_id === row.trip_id && other.stop_sequence !== row.stop_sequence);
    const aimed = row.low_floor === true && state.needs.includes("wheelchair");
    const key = [row.route_id, row.direction_id, row.headsign, twice ? row.stop_sequence : "", ...(aimed ? [row.vehicle_id] : [])].join("|");
    const first = open.get(key);
    if (first) {
      first.nextRow ??= row;
      continue;
    }
    const line = { key, row, nextRow: null, twice, aimed, taken: rung.has(row.route_id) || waiting.has(key) };
    if (whyNot(row, state.needs) === null) open.set(key, line);
    out.push(line);
  }
  return out;
}
