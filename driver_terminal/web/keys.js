/** Physical keys beside the screen: which key means what is a table from the server. The only hand on a moving bus. Pure but for `fetchKeys`. */

export const KEYS_SCHEMA = 1;

/**
 * `ok`: seen, or "yes" to a question · `full` · `cannot_stop`: answers to the alert · `other`: "another run".
 *
 * @typedef {"ok" | "full" | "cannot_stop" | "other"} KeyAction
 * @typedef {Record<string, KeyAction>} KeyTable  by `KeyboardEvent.code`
 */

/**
 * @returns {Promise<KeyTable>} empty where it cannot be had: the screen still works by touch
 */
export async function fetchKeys() {
  try {
    const answer = await fetch("/drive/keys.json");
    const file = /** @type {{schema: number, keys: KeyTable}} */ (await answer.json());
    return answer.ok && file.schema === KEYS_SCHEMA ? file.keys : {};
  } catch {
    return {};
  }
}

/**
 * What a press means. A key held down counts once, and what is typed into a field is no answer.
 *
 * @param {KeyTable} table
 * @param {{code: string, repeat: boolean, typing: boolean}} press
 * @returns {KeyAction | null}
 */
export function actionOf(table, { code, repeat, typing }) {
  return repeat || typing ? null : (table[code] ?? null);
}
