/** Pictures of streets under the routes, where an operator has a tile server. Runs in the ground's worker. */

/** @typedef {import("/static/ops/live/map/camera.js").Camera} Camera */

const TILE_PX = 256;
const ZOOM_MOST = 19;
const KEPT = 256;
/** How much of a picture is seen: routes and buses stay in front. */
const FAINT = 0.55;
const FAINT_DARK = 0.25;

export class Tiles {
  #url;
  #changed;
  /** @type {Map<string, ImageBitmap | "asked" | "none">} newest last */
  #pictures = new Map();

  /**
   * @param {string} url with `{z}`, `{x}`, `{y}`
   * @param {() => void} changed called when a picture has come
   */
  constructor(url, changed) {
    this.#url = url;
    this.#changed = changed;
  }

  /**
   * @param {OffscreenCanvasRenderingContext2D} c
   * @param {Camera} camera
   * @param {boolean} dark
   * @returns {void}
   */
  draw(c, camera, dark) {
    const zoom = Math.max(0, Math.min(ZOOM_MOST, Math.round(Math.log2(camera.scale / TILE_PX))));
    const count = 2 ** zoom;
    const side = camera.scale / count;
    const left = camera.x * count - camera.width / 2 / side;
    const top = camera.y * count - camera.height / 2 / side;
    c.globalAlpha = dark ? FAINT_DARK : FAINT;
    for (let y = Math.max(0, Math.floor(top)); y < Math.min(count, top + camera.height / side); y++) {
      for (let x = Math.max(0, Math.floor(left)); x < Math.min(count, left + camera.width / side); x++) {
        const picture = this.#picture(zoom, x, y);
        if (typeof picture === "object") c.drawImage(picture, (x - left) * side, (y - top) * side, side + 0.5, side + 0.5);
      }
    }
    c.globalAlpha = 1;
  }

  /**
   * @param {number} zoom
   * @param {number} x
   * @param {number} y
   */
  #picture(zoom, x, y) {
    const key = `${zoom}/${x}/${y}`;
    const found = this.#pictures.get(key);
    if (found !== undefined) {
      this.#pictures.delete(key);
      this.#pictures.set(key, found);
      return found;
    }
    this.#pictures.set(key, "asked");
    void this.#fetch(key, this.#url.replace("{z}", String(zoom)).replace("{x}", String(x)).replace("{y}", String(y)));
    for (const oldest of this.#pictures.keys()) {
      if (this.#pictures.size <= KEPT) break;
      this.#pictures.delete(oldest);
    }
    return "asked";
  }

  /**
   * @param {string} key
   * @param {string} url
   */
  async #fetch(key, url) {
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(String(answer.status));
      this.#pictures.set(key, await createImageBitmap(await answer.blob()));
      this.#changed();
    } catch {
      this.#pictures.set(key, "none");
    }
  }
}
