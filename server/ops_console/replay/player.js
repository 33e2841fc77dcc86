/** Time of a replay: play, pause, seek, step, speed. Event in, next state out. Pure. */

export const SPEEDS = /** @type {const} */ ([0.5, 1, 2, 10, 60, 600]);
/** An arrow key goes so far; with Shift, a minute. */
export const SEEK_MS = 5_000;
export const SEEK_FAR_MS = 60_000;

/**
 * `stops`: the moments at which something was decided, ascending; what a step goes to.
 *
 * @typedef {{fromMs: number, toMs: number, atMs: number, playing: boolean, speed: number, stops: readonly number[]}} Player
 * @typedef {(
 *   | {type: "play"} | {type: "pause"} | {type: "toggle"}
 *   | {type: "seek", atMs: number}
 *   | {type: "by", ms: number}
 *   | {type: "step", back: boolean}
 *   | {type: "speed", speed: number}
 *   | {type: "faster"} | {type: "slower"}
 *   | {type: "tick", elapsedMs: number}
 * )} Act
 */

/**
 * @param {number} fromMs
 * @param {number} toMs
 * @param {readonly number[]} stops
 * @returns {Player}
 */
export function loaded(fromMs, toMs, stops) {
  return { fromMs, toMs, atMs: fromMs, playing: false, speed: 10, stops: [...new Set(stops)].sort((a, b) => a - b) };
}

/**
 * @param {Player} player
 * @param {Act} act
 * @returns {Player}
 */
export function act(player, act) {
  switch (act.type) {
    case "play":
      return { ...player, playing: true, atMs: player.atMs >= player.toMs ? player.fromMs : player.atMs };
    case "pause":
      return { ...player, playing: false };
    case "toggle":
      return actOn(player, { type: player.playing ? "pause" : "play" });
    case "seek":
      return { ...player, atMs: within(player, act.atMs) };
    case "by":
      return { ...player, atMs: within(player, player.atMs + act.ms) };
    case "step":
      return { ...player, playing: false, atMs: stepped(player, act.back) };
    case "speed":
      return SPEEDS.some((speed) => speed === act.speed) ? { ...player, speed: act.speed } : player;
    case "faster":
    case "slower": {
      const at = SPEEDS.findIndex((speed) => speed === player.speed) + (act.type === "faster" ? 1 : -1);
      return { ...player, speed: SPEEDS[at] ?? player.speed };
    }
    case "tick": {
      if (!player.playing) return player;
      const atMs = within(player, player.atMs + act.elapsedMs * player.speed);
      return { ...player, atMs, playing: atMs < player.toMs };
    }
  }
}
const actOn = act;

/**
 * @param {Player} player
 * @param {number} atMs
 */
function within(player, atMs) {
  return Math.min(player.toMs, Math.max(player.fromMs, atMs));
}

/**
 * @param {Player} player
 * @param {boolean} back
 * @returns {number} the next moment at which something happened; here when there is none
 */
function stepped({ stops, atMs }, back) {
  const found = back ? stops.findLast((stop) => stop < atMs) : stops.find((stop) => stop > atMs);
  return found ?? atMs;
}

/**
 * What a key does while the player has the keyboard; null: nothing.
 *
 * @param {string} key
 * @param {boolean} shift
 * @returns {Act | null}
 */
export function keyed(key, shift) {
  switch (key) {
    case " ":
    case "k":
      return { type: "toggle" };
    case "ArrowRight":
      return { type: "by", ms: shift ? SEEK_FAR_MS : SEEK_MS };
    case "ArrowLeft":
      return { type: "by", ms: -(shift ? SEEK_FAR_MS : SEEK_MS) };
    case ".":
      return { type: "step", back: false };
    case ",":
      return { type: "step", back: true };
    case "ArrowUp":
    case "]":
      return { type: "faster" };
    case "ArrowDown":
    case "[":
      return { type: "slower" };
    default:
      return null;
  }
}
