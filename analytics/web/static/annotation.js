// One annotation in words.

import { el } from './dom.js';
import { between, stamp, utc, when } from './format.js';

/** Elements with the time, text, service, tags and link of an annotation. */
export function described({ from, to, text, service, tags, link }) {
  const at = new Date(from * 1000);
  const time = el('time', { className: 'soft', dateTime: at.toISOString(), title: utc(at) }, to === null ? (from % 60 ? stamp : when)(at) : between([Math.round(from), Math.round(to)]));
  const parts = [time, el('span', { className: 'text' }, text)];
  if (service) parts.push(el('span', { className: 'of' }, service));
  if (tags.length) parts.push(el('span', { className: 'soft tags' }, tags.map((tag) => `#${tag}`).join(' ')));
  if (link) parts.push(el('a', { href: link, rel: 'noreferrer', target: '_blank' }, host(link)));
  return parts.flatMap((part) => [part, ' ']);
}

function host(link) {
  try {
    return new URL(link).host || link;
  } catch {
    return link;
  }
}
