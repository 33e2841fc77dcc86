/** Words for people, from data files: one sentence a key, `{name}` filled in. Pure but for `loadWords`. */

export const WORDS_SCHEMA = 1;

/**
 * @typedef {"ko" | "en"} Lang
 * @typedef {Record<string, string | number>} Values
 * @typedef {{key: string, values?: Values}} Said
 * @typedef {(key: string, values?: Values) => string} Translate
 */

/**
 * The language of a page, from what the address, the server or the browser says; Korean is the first language here.
 *
 * @param {...(string | null | undefined)} wishes
 * @returns {Lang}
 */
export function chooseLang(...wishes) {
  for (const wish of wishes) {
    if (wish?.toLowerCase().startsWith("en")) return "en";
    if (wish?.toLowerCase().startsWith("ko")) return "ko";
  }
  return "ko";
}

/**
 * A translator over one language's table. An unknown key is a defect and throws; tests look at every key.
 *
 * @param {Record<string, string>} table
 * @returns {Translate}
 */
export function translator(table) {
  return (key, values = {}) => {
    const text = table[key];
    if (text === undefined) throw new Error(`no words for "${key}"`);
    return text.replace(/\{(\w+)\}/g, (_, /** @type {string} */ name) => String(values[name] ?? ""));
  };
}

/**
 * The words that all pages share, and those of this page's own folders.
 *
 * @param {Lang} lang
 * @param {...string} folders  such as "ops": its words are `/static/ops/words/{lang}.json`
 * @returns {Promise<Translate>}
 */
export async function loadWords(lang, ...folders) {
  const tables = await Promise.all(["shared", ...folders].map((folder) => loadTable(folder, lang)));
  return translator(Object.assign({}, ...tables));
}

/**
 * @param {string} folder
 * @param {Lang} lang
 * @returns {Promise<Record<string, string>>}
 */
async function loadTable(folder, lang) {
  const answer = await fetch(`/static/${folder}/words/${lang}.json`);
  if (!answer.ok) throw new Error(`the words of "${folder}" in "${lang}" did not come (${answer.status})`);
  const file = /** @type {{schema: number, words: Record<string, string>}} */ (await answer.json());
  if (file.schema !== WORDS_SCHEMA) throw new Error(`words of schema ${file.schema}, this page reads ${WORDS_SCHEMA}`);
  return file.words;
}

/**
 * @param {Said} said
 * @param {Translate} t
 * @returns {string}
 */
export function say({ key, values }, t) {
  return t(key, values);
}
