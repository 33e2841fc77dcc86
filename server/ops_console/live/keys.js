/** Arrow keys: along the tabs, and down the rows of a table that has the focus. Browser only. */

import { SECTIONS } from "/static/ops/live/state.js";

/**
 * @param {HTMLElement} root
 * @param {(section: import("/static/ops/live/state.js").Section) => void} choose
 * @returns {void}
 */
export function walkTabs(root, choose) {
  root.addEventListener("keydown", (event) => {
    const tab = event.target instanceof HTMLElement ? event.target.closest("[role=tab]") : null;
    if (!(tab instanceof HTMLElement) || (event.key !== "ArrowRight" && event.key !== "ArrowLeft")) return;
    const at = SECTIONS.findIndex((section) => section === tab.dataset["section"]);
    const next = SECTIONS[(at + (event.key === "ArrowRight" ? 1 : SECTIONS.length - 1)) % SECTIONS.length];
    if (next === undefined) return;
    choose(next);
    document.getElementById(`tab-${next}`)?.focus();
  });
}

/**
 * The scrolling region takes the focus; arrows then move a marked row inside it.
 *
 * @param {HTMLElement} root
 * @returns {void}
 */
export function walkRows(root) {
  root.addEventListener("keydown", (event) => {
    const region = event.target instanceof HTMLElement ? event.target.closest(".scroll") : null;
    const rows = [...(region?.querySelectorAll("tbody tr") ?? [])];
    if (rows.length === 0 || event.target instanceof HTMLButtonElement) return;
    const at = rows.findIndex((row) => row === document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const row = rows[Math.min(rows.length - 1, Math.max(0, next))];
    if (!(row instanceof HTMLElement)) return;
    row.tabIndex = -1;
    row.focus();
  });
}
