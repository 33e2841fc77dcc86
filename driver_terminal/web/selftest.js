/** The self-test at sign-on: each chime is played and listened for, while its sign lights up and the frames are counted. Browser only. */

/** A screen that draws fewer frames in a chime's time than this would show an alert late (10 a second). */
const LEAST_FRAMES = 6;
const CHIME_MS = 650;
const PAUSE_MS = 150;

/** @type {import("/static/driver/state.js").Chime[]} */
export const TESTED = ["boarding", "alighting", "need"];

/**
 * @typedef {{sound: boolean, screen: boolean}} Verdict
 */

/**
 * @param {import("/static/driver/sounds.js").Speaker} speaker
 * @param {(chime: import("/static/driver/state.js").Chime) => void} light shows the sign that belongs to a chime
 * @returns {Promise<Verdict>}
 */
export async function selfTest(speaker, light) {
  let [sound, screen] = [true, true];
  for (const chime of TESTED) {
    light(chime);
    const frames = framesWithin(CHIME_MS);
    const heard = await speaker.check(chime, CHIME_MS);
    sound &&= heard;
    screen &&= (await frames) >= LEAST_FRAMES;
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  return { sound, screen };
}

/**
 * @param {number} spanMs
 * @returns {Promise<number>}
 */
function framesWithin(spanMs) {
  return new Promise((done) => {
    let frames = 0;
    let over = false;
    const count = () => {
      frames += 1;
      if (!over) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
    setTimeout(() => {
      over = true;
      done(frames);
    }, spanMs);
  });
}
