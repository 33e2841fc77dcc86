/** The stop page's board and cards: which bells are open, which lines the board has, how long it takes. Pure. */

/** An ended bell stays as one line for this long. */
export const ENDED_KEPT_MS = 900_000;
const ENDED_LINES = 3;

export const ENDS = /** @type {ReadonlySet<string>} */ (
  new Set(["boarded", "alighted", "served", "cancelled", "expired", "refused"])
);

/**
 * @typedef {import("/static/rider/stop/state.js").State} State
 * @typedef {import("/static/rider/stop/state.js").Bell} Bell
 * @typedef {import("/static/shared/wire.d.ts").ArrivalRow} ArrivalRow
 * @typedef {import("/static/shared/wire.d.ts").BellMessage} BellMessage
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
 * @param {State} state
 * @returns {Bell[]} oldest first
 */
export function openBells(state) {
  return Object.values(state.bells).filter((bell) => !ENDS.has(bell.message.state));
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
 * @param {State} state
 * @returns {number}
 */
export function secondsUntilRow(row, state) {
  return Math.max(0, row.eta_s - (state.nowMs - state.boardTakenMs) / 1000);
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
 * @typedef {{key: string, row: ArrivalRow, nextRow: ArrivalRow | null, twice: boolean, taken: boolean}} Line
 *   `nextRow`: the bus of the same line after this one; `twice`: its trip calls here more than once;
 *   `taken`: a bell for this line is on its way
 */

/**
 * The board as lines: a bus that can be rung for takes its followers of the same route and headsign into its own line;
 * a bus that a card stands for is left out.
 *
 * @param {State} state
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
    if (onCards.has(`${row.vehicle_id} ${row.stop_sequence}`)) continue;
    const twice = buses.some((other) => other.trip_id === row.trip_id && other.stop_sequence !== row.stop_sequence);
    const key = [row.route_id, row.direction_id, row.headsign, twice ? row.stop_sequence : ""].join("|");
    const first = open.get(key);
    if (first) {
      first.nextRow ??= row;
      continue;
    }
    const line = { key, row, nextRow: null, twice, taken: rung.has(row.route_id) || waiting.has(key) };
    if (row.ringable) open.set(key, line);
    out.push(line);
  }
  return out;
}
