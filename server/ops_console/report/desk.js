/** What a page of figures has asked for: the newest answer of each name, how old it is, and what went wrong since. */

/**
 * @typedef {{value: any, atMs: number, path: string, problem: string | null, waiting: boolean}} Answer
 */

export class Desk {
  /** @type {Map<string, Answer>} */
  #answers = new Map();
  #api;
  #now;
  #changed;
  #ended = new AbortController();

  /**
   * @param {Pick<import("/static/ops/sections.js").Context, "api" | "now">} context
   * @param {() => void} changed called when there is something new to draw
   */
  constructor(context, changed) {
    this.#api = context.api;
    this.#now = context.now;
    this.#changed = changed;
  }

  /**
   * Ask for `path` under a name. What was there stays until the answer comes; a late answer to an older question is dropped.
   *
   * @param {string} name
   * @param {string} path
   * @param {{fresh?: boolean}} [how] `fresh`: forget the old answer, since it was to another question
   * @returns {Promise<void>}
   */
  async ask(name, path, { fresh = false } = {}) {
    const before = fresh ? undefined : this.#answers.get(name);
    const waiting = { value: before?.value ?? null, atMs: before?.atMs ?? 0, path, problem: null, waiting: true };
    this.#answers.set(name, waiting);
    this.#changed();
    try {
      const value = await this.#api(path, { signal: this.#ended.signal });
      if (this.#answers.get(name) === waiting) this.#answers.set(name, { value, atMs: this.#now(), path, problem: null, waiting: false });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (this.#answers.get(name) === waiting) this.#answers.set(name, { ...waiting, problem, waiting: false });
    }
    if (!this.#ended.signal.aborted) this.#changed();
  }

  /**
   * @param {string} name
   * @returns {Answer} with `value` null while nothing has come
   */
  get(name) {
    return this.#answers.get(name) ?? { value: null, atMs: 0, path: "", problem: null, waiting: false };
  }

  /** Put something else in the place of an answer, such as a page added to the one before. @param {string} name @param {any} value */
  put(name, value) {
    const before = this.get(name);
    this.#answers.set(name, { ...before, value });
    this.#changed();
  }

  end() {
    this.#ended.abort();
  }
}
