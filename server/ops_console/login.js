/** The door of the console: asks for an operator's token. Browser only. */

import { h, patch } from "/static/shared/dom.js";
import { signIn } from "/static/shared/sign_in.js";

/**
 * @param {HTMLElement} root
 * @param {import("/static/shared/words.js").Translate} t
 * @param {"needed" | "forbidden"} why
 * @param {() => void} enter  called when the server has taken a token
 * @returns {void}
 */
export function askToSignIn(root, t, why, enter) {
  patch(root, [
    h(
      "form",
      { key: "token", class: "door" },
      h("h1", {}, t("ops.token")),
      why === "forbidden" ? h("p", { class: "wrong", role: "alert" }, t("token.wrong")) : null,
      h("label", { for: "token" }, t("token.label")),
      h("input", { id: "token", name: "token", type: "password", autocomplete: "off", required: true }),
      h("button", { type: "submit" }, t("token.send")),
    ),
  ]);
  const form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
  form.onsubmit = (event) => {
    event.preventDefault();
    const token = String(new FormData(form).get("token") ?? "");
    void signIn(token).then((taken) => (taken ? enter() : askToSignIn(root, t, "forbidden", enter)));
  };
}
