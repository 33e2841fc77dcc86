/** Pages of drivers and operators ask for a token once; the server keeps it in a cookie that no script can read. */

/**
 * @param {string} token
 * @returns {Promise<boolean>} false when the server does not take this token
 */
export async function signIn(token) {
  try {
    const answer = await fetch("/v1/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: token.trim() }),
    });
    return answer.ok;
  } catch {
    return false;
  }
}
