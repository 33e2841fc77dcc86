/** Requests of the console: JSON back, or one clear sentence about what went wrong. Browser only. */

/** A request that was refused or never answered; `message` is for people. */
export class Problem extends Error {
  /**
   * @param {string} message
   * @param {number} status  0: no answer
   * @param {string | null} reason  the stable code of PROTOCOL.md
   */
  constructor(message, status, reason) {
    super(message);
    this.name = "Problem";
    this.status = status;
    this.reason = reason;
  }
}

/**
 * @param {import("/static/shared/words.js").Translate} t
 * @param {string} lang
 * @param {(problem: Problem) => void} show
 * @returns {(path: string, init?: RequestInit) => Promise<any>}
 */
export function requests(t, lang, show) {
  return async (path, init = {}) => {
    const headers = { accept: "application/json", "accept-language": lang, ...init.headers };
    const answer = await fetch(path, { ...init, headers }).catch(() => null);
    if (answer?.ok) return answer.status === 204 ? null : answer.json();
    if (init.signal?.aborted) throw new DOMException("the section was left", "AbortError");
    const problem = answer === null ? new Problem(t("ops.failed.network"), 0, null) : await problemOf(answer, t);
    show(problem);
    throw problem;
  };
}

/**
 * @param {Response} answer
 * @param {import("/static/shared/words.js").Translate} t
 * @returns {Promise<Problem>} with the sentence of the problem details (RFC 9457) where there is one
 */
async function problemOf(answer, t) {
  const details = await answer.json().catch(() => ({}));
  const sentence = details.detail ?? details.title ?? t("ops.failed.server", { status: answer.status });
  return new Problem(String(sentence), answer.status, details.reason ?? null);
}
