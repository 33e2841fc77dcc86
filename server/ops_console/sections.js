/** The console's sections, in the order of the rail, and how an address names one. Pure. */

/**
 * What the shell gives a section's `mount(root, context)`; `mount` returns a function that ends the section.
 *
 * - `t`, `lang`: words of the page, of `/static/ops/words` and of the section's own `/static/ops/<id>/words`
 * - `now()`: epoch milliseconds by the server's clock
 * - `api(path, init)`: JSON of a request; a refusal is shown to the operator and thrown as `Problem`
 * - `session`: the operator's socket, shared by all sections; see `link.js`
 * - `route()`: what the address says after the section, such as `["R88"]` for `#/outcomes/R88`
 * - `onRoute(hear)`: called when that changes while the section stays; ends with the section
 * - `go(...parts)`: open another address, such as `go("passbys", id)`
 * - `notice(text)`: say one sentence below the page
 *
 * @typedef {{
 *   t: import("/static/shared/words.js").Translate,
 *   lang: import("/static/shared/words.js").Lang,
 *   now: () => number,
 *   api: (path: string, init?: RequestInit) => Promise<any>,
 *   session: import("/static/ops/link.js").Link,
 *   route: () => string[],
 *   onRoute: (hear: () => void) => void,
 *   go: (...parts: string[]) => void,
 *   notice: (text: string) => void,
 * }} Context
 * @typedef {(root: HTMLElement, context: Context) => (() => void) | Promise<() => void>} Mount
 * @typedef {{id: string, under?: string, icon: string}} Section
 */

/** Pictograms of the sections, on a 24-unit grid. */
const ICONS = {
  live: "M12 3a9 9 0 0 1 9 9h-2.2A6.8 6.8 0 0 0 12 5.2V3Zm0 4a5 5 0 0 1 5 5h-2.2A2.8 2.8 0 0 0 12 9.2V7Zm0 3.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2ZM3 12h2.2a6.8 6.8 0 0 0 6.8 6.8V21a9 9 0 0 1-9-9Zm4 0h2.2a2.8 2.8 0 0 0 2.8 2.8V17a5 5 0 0 1-5-5Z",
  outcomes: "M4 20V9h3.6v11H4Zm6.2 0V4h3.6v16h-3.6Zm6.2 0v-7.5H20V20h-3.6Z",
  replay: "M12 4a8 8 0 1 1-7.7 10.2l2.1-.6A5.8 5.8 0 1 0 8 7.9L10.2 10H4V3.8l2.4 2.4A8 8 0 0 1 12 4Zm-1.8 4.8 5.4 3.2-5.4 3.2V8.8Z",
  terminals: "M3 5h18v12H3V5Zm2.2 2.2v7.6h13.6V7.2H5.2ZM8 18.6h8v1.9H8v-1.9Z",
  fares: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Zm0 2.2a6.8 6.8 0 1 0 0 13.6 6.8 6.8 0 0 0 0-13.6ZM7 9h1.9l1 3.6 1.2-3.6h1.8l1.2 3.6 1-3.6H17l-.8 2.6H17v1.4h-1.2l-.7 2.5h-1.9L12 12l-1.2 3.5H8.9L8.2 13H7v-1.4h.8L7 9Z",
  settings: "M4 6.4h8.2a2.6 2.6 0 0 1 5 0H20v2.2h-2.8a2.6 2.6 0 0 1-5 0H4V6.4Zm0 9h2.8a2.6 2.6 0 0 1 5 0H20v2.2h-8.2a2.6 2.6 0 0 1-5 0H4v-2.2Z",
};

/**
 * A section is the folder `/static/ops/<id>/` with `main.js` (exports `mount`), `<id>.css` and `words/{ko,en}.json`. Its
 * name in the rail is the word `ops.section.<id>`. One that is opened from another (`under`) has no place in the rail.
 *
 * @type {readonly Section[]}
 */
export const SECTIONS = [
  { id: "live", icon: ICONS.live },
  { id: "outcomes", icon: ICONS.outcomes },
  { id: "passbys", under: "outcomes", icon: ICONS.outcomes },
  { id: "replay", icon: ICONS.replay },
  { id: "terminals", icon: ICONS.terminals },
  { id: "fares", icon: ICONS.fares },
  { id: "settings", icon: ICONS.settings },
];

/**
 * @param {string} hash  `location.hash`
 * @returns {{section: Section, rest: string[]}} the first section when the address names none that exists
 */
export function readHash(hash) {
  const parts = hash.replace(/^#\/?/, "").split("/").filter((part) => part !== "").map(decoded);
  const section = SECTIONS.find((one) => one.id === parts[0]);
  if (section !== undefined) return { section, rest: parts.slice(1) };
  return { section: /** @type {Section} */ (SECTIONS[0]), rest: [] };
}

/**
 * @param {readonly string[]} parts
 * @returns {string}
 */
export function hashOf(parts) {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/**
 * @param {string} part
 * @returns {string} as it stands when it is no proper encoding
 */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
