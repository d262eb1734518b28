// DOM helpers that never parse markup: data is always inserted as text.

const SVG = 'http://www.w3.org/2000/svg';

/** The element with that id. */
export const byId = (id) => document.getElementById(id);

/** A new element; `set` are properties (or attributes, where the name has a dash or is a role), the rest children. */
export function el(tag, set = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(set)) {
    if (value === undefined || value === null) continue;
    if (name.includes('-') || name === 'role' || name === 'scope' || name === 'for') element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Run `act` when `link` is clicked; with a modifier key, the link opens normally, for example in a new tab. */
export function onClick(link, act) {
  link.addEventListener('click', (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    act();
  });
}

/** A new SVG element with those attributes. */
export function svg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** One of the page's icons: good, warn, bad or idle. */
export function icon(name) {
  const image = svg('svg', { class: 'icon', 'aria-hidden': 'true' });
  image.append(svg('use', { href: `#i-${name}` }));
  return image;
}

/** Set the text of `element` if it differs, because setting it costs time. */
export function setText(element, text) {
  const wanted = String(text);
  if (element.firstChild === null || element.childNodes.length > 1 || element.firstChild.nodeType !== 3) {
    element.textContent = wanted;
  } else if (element.firstChild.data !== wanted) {
    element.firstChild.data = wanted;
  }
}

/** Show `element` in a state: the word beside an icon, and both in the state's colour. */
export function setState(element, state, text) {
  if (element.dataset.state !== state) {
    element.dataset.state = state;
    element.querySelector('use').setAttribute('href', `#i-${state}`);
  }
  if (text !== undefined) setText(element.querySelector('span'), text);
}

/** Set a property if it differs. */
export function set(element, name, value) {
  if (element[name] !== value) element[name] = value;
}
