/** The door of the console: the company's own sign-in where there is one, else an operator's token. Browser only. */

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
  void method().then((how) => {
    patch(root, [how === "oidc" ? company(t, why) : tokenForm(t, why)]);
    const form = root.querySelector("form");
    if (form === null) return;
    form.onsubmit = (event) => {
      event.preventDefault();
      const token = String(new FormData(form).get("token") ?? "");
      void signIn(token).then((taken) => (taken ? enter() : askToSignIn(root, t, "forbidden", enter)));
    };
  });
}

/** @returns {Promise<string>} how one signs in here; with a token where the server does not say */
async function method() {
  try {
    const answer = await fetch("/v1/login");
    return answer.ok ? (await answer.json()).method : "token";
  } catch {
    return "token";
  }
}

/**
 * @param {import("/static/shared/words.js").Translate} t
 * @param {"needed" | "forbidden"} why
 */
function company(t, why) {
  return h(
    "section",
    { key: "company", class: "door" },
    h("h1", {}, t("ops.login")),
    why === "forbidden" ? h("p", { class: "wrong", role: "alert" }, t("ops.login.forbidden")) : h("p", {}, t("ops.login.said")),
    h("a", { class: "button button-chief door-link", href: "/v1/login/start" }, t("ops.login.start")),
  );
}

/**
 * @param {import("/static/shared/words.js").Translate} t
 * @param {"needed" | "forbidden"} why
 */
function tokenForm(t, why) {
  return h(
    "form",
    { key: "token", class: "door" },
    h("h1", {}, t("ops.token")),
    why === "forbidden" ? h("p", { class: "wrong", role: "alert" }, t("token.wrong")) : null,
    h("label", { for: "token" }, t("token.label")),
    h("input", { id: "token", name: "token", type: "password", autocomplete: "off", required: true }),
    h("button", { type: "submit" }, t("token.send")),
  );
}
