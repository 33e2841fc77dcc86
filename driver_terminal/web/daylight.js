/** Night theme by the light sensor where there is one, else by the clock. Browser only. */

const DAY_FROM_H = 6;
const DAY_TO_H = 19;
/** Street lighting is 10–50 lx, an overcast day a thousand and more. */
const NIGHT_BELOW_LX = 50;
const DAY_ABOVE_LX = 200;
const LOOK_EVERY_MS = 60_000;

/**
 * @param {string | null} fixed `day` or `night` from the address; otherwise the page follows the light
 * @returns {void}
 */
export function followDaylight(fixed) {
  if (fixed === "day" || fixed === "night") return show(fixed === "night");
  const Sensor = /** @type {any} */ (window)["AmbientLightSensor"];
  if (typeof Sensor === "function") {
    try {
      const sensor = new Sensor();
      sensor.addEventListener("reading", () => {
        if (sensor.illuminance < NIGHT_BELOW_LX) show(true);
        else if (sensor.illuminance > DAY_ABOVE_LX) show(false);
      });
      sensor.addEventListener("error", byClock);
      sensor.start();
      return;
    } catch {
      // Forbidden by policy: the clock decides.
    }
  }
  byClock();
}

function byClock() {
  const look = () => {
    const hour = new Date().getHours();
    show(hour < DAY_FROM_H || hour >= DAY_TO_H);
  };
  look();
  setInterval(look, LOOK_EVERY_MS);
}

/** @param {boolean} night */
function show(night) {
  document.documentElement.dataset["theme"] = night ? "dark" : "light";
}
