/** A view is a pure function to plain nodes; `patch` makes the document look like them and keeps focus. Browser only at `patch`. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Record<string, string | number | boolean | null | undefined>} Attributes
 * @typedef {{tag: string, key: string | undefined, attributes: Attributes, children: Child[]}} Node_
 * @typedef {Node_ | string} Child
 * @typedef {Child | number | null | undefined | false | ReadonlyArray<unknown>} Loose  lists nest to any depth
 */

/**
 * One element. `key` among the attributes keeps an element's identity when its neighbours come and go.
 *
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...Loose} children
 * @returns {Node_}
 */
export function h(tag, attributes = {}, ...children) {
  const { key, ...rest } = attributes;
  return { tag, key: key == null ? undefined : String(key), attributes: rest, children: flat(children) };
}

/**
 * @param {ReadonlyArray<unknown>} children
 * @returns {Child[]}
 */
function flat(children) {
  /** @type {Child[]} */
  const out = [];
  for (const child of /** @type {Loose[]} */ (children)) {
    if (child == null || child === false) continue;
    if (Array.isArray(child)) out.push(...flat(child));
    else out.push(typeof child === "number" ? String(child) : /** @type {Child} */ (child));
  }
  return out;
}

/** @type {WeakMap<Element, {key: string | undefined, attributes: Attributes}>} */
const made = new WeakMap();

/**
 * Make `parent` hold exactly `children`, touching only what differs; what had the focus keeps it.
 *
 * @param {Element} parent
 * @param {Loose[]} children
 * @returns {void}
 */
export function patch(parent, children) {
  const focused = document.activeElement;
  reconcile(parent, children);
  if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
    focused.focus({ preventScroll: true });
  }
}

/**
 * @param {Element} parent
 * @param {Loose[]} children
 */
function reconcile(parent, children) {
  const wanted = flat(children);
  const pool = [...parent.childNodes];
  wanted.forEach((child, index) => {
    const at = pool.findIndex((node) => matches(node, child));
    const node = at >= 0 ? /** @type {ChildNode} */ (pool.splice(at, 1)[0]) : create(child, parent);
    refresh(node, child);
    const there = parent.childNodes[index];
    if (there !== node) parent.insertBefore(node, there ?? null);
  });
  for (const node of pool) node.remove();
}

/**
 * @param {ChildNode} node
 * @param {Child} child
 * @returns {boolean}
 */
function matches(node, child) {
  if (typeof child === "string") return node.nodeType === Node.TEXT_NODE;
  if (!(node instanceof Element) || node.localName !== child.tag) return false;
  const before = made.get(node);
  return before !== undefined && before.key === child.key;
}

/**
 * @param {Child} child
 * @param {Element} parent
 * @returns {ChildNode}
 */
function create(child, parent) {
  if (typeof child === "string") return document.createTextNode(child);
  const inSvg = child.tag === "svg" || parent.namespaceURI === SVG;
  const element = inSvg ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
  made.set(element, { key: child.key, attributes: {} });
  return element;
}

/**
 * @param {ChildNode} node
 * @param {Child} child
 * @returns {void}
 */
function refresh(node, child) {
  if (typeof child === "string") {
    if (node.nodeValue !== child) node.nodeValue = child;
    return;
  }
  const element = /** @type {Element} */ (node);
  const before = made.get(element)?.attributes ?? {};
  for (const name of Object.keys(before)) if (!(name in child.attributes)) put(element, name, null);
  for (const [name, value] of Object.entries(child.attributes)) if (before[name] !== value) put(element, name, value);
  made.set(element, { key: child.key, attributes: child.attributes });
  reconcile(element, child.children);
}

/**
 * Custom properties (`--name`) go through the style object, which a strict content security policy allows.
 *
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value
 * @returns {void}
 */
function put(element, name, value) {
  if (name.startsWith("--")) {
    /** @type {HTMLElement} */ (element).style.setProperty(name, value == null ? "" : String(value));
  } else if (value == null || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * The element with this id, which the page's HTML promises.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Calls `act` with the `data-*` of whatever element with `data-act` was pressed below `root`. A button that may lose
 * its use while it has the focus is switched off by `aria-disabled`: `disabled` would throw the focus away.
 *
 * @param {Element | Document} root
 * @param {(act: string, data: DOMStringMap, element: HTMLElement | SVGElement) => void} act
 * @returns {void}
 */
export function onPress(root, act) {
  root.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target.closest("[data-act]") : null;
    const off = target?.hasAttribute("disabled") || target?.getAttribute("aria-disabled") === "true";
    if ((target instanceof HTMLElement || target instanceof SVGElement) && target.dataset["act"] && !off) {
      act(target.dataset["act"], target.dataset, target);
    }
  });
}
