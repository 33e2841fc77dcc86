/** Says a sentence aloud, where the tablet has a voice for its language; a newer sentence ends an older one. Browser only. */

/** @type {Record<import("/static/shared/words.js").Lang, string>} */
const TAGS = { ko: "ko-KR", en: "en-GB" };
/** Slower than a screen reader: at a stop there is traffic. */
const RATE = 0.95;

/**
 * @param {string} sentence
 * @param {import("/static/shared/words.js").Lang} lang
 */
export function sayAloud(sentence, lang) {
  if (!("speechSynthesis" in window)) return;
  speechSynthesis.cancel();
  const said = new SpeechSynthesisUtterance(sentence);
  said.lang = TAGS[lang];
  said.rate = RATE;
  speechSynthesis.speak(said);
}

export function hush() {
  if ("speechSynthesis" in window) speechSynthesis.cancel();
}
