// Log lines as rows; a row opens to show the fields of its line.

import { el } from '../dom.js';
import { stamp } from '../format.js';
import { jsonTree } from './json.js';
import { jsonOf, plain } from './view.js';

const MILLISECONDS = 3;

/** A row for a line; `acts` has `onValue(field, value)` and `onContext(line)`. */
export function lineRow(line, acts) {
  const summary = el('summary', {}, el('time', { dateTime: line.time, title: line.time }, timeOf(line)), el('span', { className: `level level-${line.level}` }, line.level), el('span', { className: 'of service' }, line.service), el('span', { className: 'body' }, plain(line.body)));
  const row = el('details', { className: 'line' }, summary);
  row.dataset.id = line.id;
  row.addEventListener('toggle', () => {
    if (row.open && row.childElementCount === 1) row.append(opened(line, acts));
  });
  return row;
}

function timeOf({ time }) {
  const digits = time.match(/\.(\d+)/)?.[1] ?? '';
  return `${stamp(new Date(time))}.${digits.padEnd(MILLISECONDS, '0').slice(0, MILLISECONDS)}`;
}

function opened(line, acts) {
  const json = jsonOf(line.body);
  const context = el('button', { type: 'button' }, 'Lines around it');
  context.addEventListener('click', () => acts.onContext(line));
  const links = line.trace_id ? [el('a', { href: `tracing?trace=${encodeURIComponent(line.trace_id)}` }, 'Its trace')] : [];
  return el('div', { className: 'opened' }, el('p', { className: 'buttons' }, context, ...links), json ? el('div', { className: 'json', tabIndex: 0, role: 'region', 'aria-label': 'JSON of the line' }, jsonTree(json)) : '', facts({ service: line.service, level: line.level, trace_id: line.trace_id, span_id: line.span_id, scope: line.scope }, '', acts), facts(line.attributes, 'attributes.', acts), facts(line.resource, 'resource.', acts));
}

function facts(values, prefix, acts) {
  const rows = Object.entries(values).filter(([, value]) => value !== '' && value !== null);
  return el('dl', { className: 'facts' }, ...rows.flatMap(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const only = el('button', { type: 'button', title: 'Only lines with this value', 'aria-label': `Only lines with ${prefix}${name} ${text}` }, '+');
    const without = el('button', { type: 'button', title: 'Only lines without it', 'aria-label': `Only lines without ${prefix}${name} ${text}` }, '−');
    only.addEventListener('click', () => acts.onValue(prefix + name, text));
    without.addEventListener('click', () => acts.onValue(prefix + name, text, true));
    return [el('dt', {}, prefix + name), el('dd', {}, el('span', {}, text), ' ', only, without)];
  }));
}
