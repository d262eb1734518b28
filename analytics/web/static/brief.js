// Data of an event in one line: as many complete entries as fit; numbers are never cut.

import { el } from './dom.js';
import { shorten } from './format.js';

const MOST = 12;
const LONGEST = 120;
const isNumber = (value) => typeof value !== 'object' && /^[-+\d.,:e%]{1,24}$/i.test(String(value));

/** `name value · name value` of `data`: long texts are shortened with an ellipsis, numbers are not. */
export function brief(data) {
  const root = el('span', { className: 'soft brief' });
  Object.entries(data)
    .slice(0, MOST)
    .forEach(([name, value], index) => {
      const text = shorten(String(typeof value === 'object' ? JSON.stringify(value) : value), LONGEST);
      const part = el('span', { className: 'part' }, index ? '·\u00a0' : '', el('span', { className: 'word' }, shorten(name, LONGEST)), '\u00a0', el('span', { className: isNumber(value) ? 'whole' : 'word' }, text));
      root.append(' ', part);
    });
  return root;
}
