/* Measures a driver's screen as it stands: contrast of words and signs, what is red, how high letters and signs are. Returns data. */
(() => {
  const rgb = (text) => {
    const [r, g, b, a = 1] = (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    return { r, g, b, a };
  };
  const channel = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ({ r, g, b }) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  /* Red: within 15° of hue 0 and of some colour at all; the brown of alighting is at 25°. */
  const red = ({ r, g, b, a }) => {
    const [low, high] = [Math.min(r, g, b), Math.max(r, g, b)];
    return a > 0.1 && r === high && high - low > 40 && (Math.abs(g - b) / (high - low)) * 60 <= 15;
  };
  const groundOf = (element) => {
    for (let one = element; one !== null; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return rgb("rgb(255,255,255)");
  };
  const seen = (element) =>
    element.getClientRects().length > 0 && !element.closest(".spoken, :disabled") && getComputedStyle(element).visibility === "visible";
  const all = [...document.querySelectorAll("#page, #page *")].filter(seen);
  const words = all.filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ""));
  const signs = all.filter((one) => one.localName === "svg");

  const pen = document.createElement("canvas").getContext("2d");
  const highest = (element) => {
    const { fontWeight, fontSize, fontFamily } = getComputedStyle(element);
    pen.font = `${fontWeight} ${fontSize} ${fontFamily}`;
    const heights = [...element.textContent.replace(/[\s·.,]/g, "")].map((letter) => {
      const box = pen.measureText(letter);
      return box.actualBoundingBoxAscent + box.actualBoundingBoxDescent;
    });
    return Math.max(...heights);
  };
  const visible = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const name = (one) => `${one.className?.baseVal ?? one.className} "${one.textContent.slice(0, 20)}"`;

  return {
    contrast: [...words, ...signs].map((one) => {
      const colour = rgb(getComputedStyle(one).color);
      const own = one.localName === "svg" ? groundOf(one.parentElement) : groundOf(one);
      return [name(one), Math.round(ratio(colour, own) * 100) / 100];
    }),
    red: all
      .filter((one) => {
        const style = getComputedStyle(one);
        const inked = words.includes(one) || one.localName === "svg";
        return red(rgb(style.backgroundColor)) || (inked && red(rgb(style.color)));
      })
      .map((one) => one.textContent),
    letters: visible(".stop, .want b, .bell-off").filter((one) => !one.closest(".test")).map((one) => [name(one), highest(one)]),
    signs: visible(".alert .want path, .ended path").map((one) => {
      const box = one.getBoundingClientRect();
      return [name(one.closest(".want, .ended")), Math.max(box.height, box.width)];
    }),
    kinds: visible(".alert .want").map((one) => {
      const shape = one.querySelector(".shape");
      const style = getComputedStyle(shape);
      return {
        path: one.querySelector("path")?.getAttribute("d") ?? "",
        corners: style.borderRadius,
        colours: [style.color, style.backgroundColor].join(" on "),
        word: one.querySelector(".want-word")?.textContent ?? "",
      };
    }),
  };
})()
