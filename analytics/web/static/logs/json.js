// JSON as a tree that folds: what is large is folded at first, and its parts exist once it was unfolded.

import { el } from '../dom.js';
import { plural } from '../format.js';

const SMALL = 500; // characters of what is unfolded at first
const MOST = 500; // parts of an object or a list that are shown

/** An element that shows a value of JSON; `name` stands before it. */
export function jsonTree(value, name = '', isOpen = true) {
  const label = name === '' ? [] : [el('span', { className: 'soft' }, `${name}: `)];
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) return el('div', {}, ...label, el('span', { className: 'of' }, JSON.stringify(value)));
  const isList = Array.isArray(value);
  const parts = Object.entries(value);
  const [open, close] = isList ? '[]' : '{}';
  const details = el('details', {}, el('summary', {}, ...label, open, el('span', { className: 'soft folded' }, ` ${plural(parts.length, isList ? 'item' : 'field')} ${close}`)));
  details.addEventListener('toggle', () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(
      ...parts.slice(0, MOST).map(([key, part]) => jsonTree(part, isList ? '' : JSON.stringify(key), isSmall(part))),
      ...(parts.length > MOST ? [el('div', { className: 'soft' }, `${parts.length - MOST} more`)] : []),
      el('div', { className: 'soft end' }, close),
    );
  });
  details.open = isOpen;
  return details;
}

function isSmall(value) {
  try {
    return JSON.stringify(value).length <= SMALL;
  } catch {
    return false; // it is nested too deep to be written
  }
}
