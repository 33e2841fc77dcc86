/* Put into the driver's page before its own scripts: notes what the page hears and says, plays and shows, with the time of each. */
(() => {
  const log = { frames: [], tones: [], looks: [], lateMs: 0 };
  Object.defineProperty(window, "recorded", { value: log });

  let beforeMs = Date.now();
  setInterval(() => {
    log.lateMs = Math.max(log.lateMs, Date.now() - beforeMs - 100);
    beforeMs = Date.now();
  }, 100);

  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    log.frames.push({ atMs: Date.now(), to: "server", frame: JSON.parse(text) });
    if (!this.noted) {
      this.noted = true;
      this.addEventListener("message", (event) => log.frames.push({ atMs: Date.now(), to: "page", frame: JSON.parse(event.data) }));
    }
    return send.call(this, text);
  };

  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (when = 0) {
    log.tones.push({ atMs: Date.now(), startS: when, hz: this.frequency.value });
    return start.call(this, when);
  };

  const shown = (element) => element !== null && element.getClientRects().length > 0;
  const text = (selector) => [...document.querySelectorAll(selector)].filter(shown).map((one) => one.textContent);
  const look = () => ({
    main: document.querySelector("main")?.className ?? "",
    stop: text(".stop"),
    rest: text(".rest-stop"),
    wants: text(".want:not(.test *)"),
    pictograms: document.querySelectorAll(".alert .want svg").length,
    chip: text(".after"),
    ended: text(".ended"),
    given: text(".given"),
    bellOff: text(".bell-off").length > 0,
    question: text(".question"),
    test: text(".test"),
    buttons: [...document.querySelectorAll(".answer")].map((one) => one.getBoundingClientRect().height),
    touchable: document.querySelectorAll("a,button,summary,video,canvas,[tabindex],[role=button],[onclick]").length,
    fields: document.querySelectorAll("input,select,textarea,[contenteditable]").length,
    scrolls: [document.scrollingElement, ...document.querySelectorAll("main, main *")].filter(
      (one) => one !== null && one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY),
    ).length,
    words: document.getElementById("page")?.innerText ?? "",
  });

  let before = "";
  const note = () => {
    const now = look();
    const said = JSON.stringify(now);
    if (said !== before) log.looks.push({ atMs: Date.now(), ...now });
    before = said;
  };
  addEventListener("DOMContentLoaded", () => {
    note();
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
  });
})();
