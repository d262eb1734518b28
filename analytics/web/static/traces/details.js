// The details of a span: attributes, events, links and resource.

import { el } from '../dom.js';
import { ms } from '../format.js';
import { between } from './tree.js';

const AROUND_MS = 60_000;

/** The details of a node of the trace with this id; `onTrace` is called with the id of a linked trace. */
export function detailsOf({ span, start, duration, shift, isOrphan }, trace, onTrace) {
  const begin = Number(BigInt(span.start_ns) / 1_000_000n);
  const times = { from: new Date(begin - AROUND_MS).toISOString(), to: new Date(begin + Math.max(0, span.duration_ms) + AROUND_MS).toISOString() };
  const links = [
    ['Its lines', { q: `span_id:${span.span_id}`, trace_id: trace, ...times }],
    ['All lines of the service then', { service: span.service, ...times }],
  ];
  const facts = {
    Service: span.service, Kind: span.kind, Start: `${ms(start)} after the start of the trace`, Duration: ms(duration), Status: [span.status, span.status_message].filter(Boolean).join(': '), 'Span id': span.span_id, 'Parent id': span.parent_id, Library: span.scope, 'Trace state': span.state,
  };
  const notes = [];
  if (shift) notes.push(`Drawn ${ms(Math.abs(shift))} ${shift > 0 ? 'later' : 'earlier'} than recorded: the clock of this service differs.`);
  if (isOrphan) notes.push('The span that it is part of has not come.');
  if (span.duration_ms < 0) notes.push('It ends before it begins.');
  return [
    el('p', { className: 'buttons' }, ...links.map(([text, asked]) => el('a', { href: `logging?${new URLSearchParams(asked)}` }, text))),
    ...notes.map((note) => el('p', { className: 'soft' }, note)),
    listed('Span', facts),
    listed('Attributes', span.attributes),
    ...span.events.map((event) => listed(`${event.name} at ${ms(between(span.start_ns, event.time_ns))}`, event.attributes ?? {})),
    ...span.links.map((link) => {
      const button = el('button', { type: 'button' }, `Linked trace ${link.trace_id}`);
      button.addEventListener('click', () => onTrace(link.trace_id));
      return el('p', {}, button);
    }),
    listed('Resource', span.resource),
  ].filter(Boolean);
}

function listed(title, facts) {
  const rows = Object.entries(facts).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  if (!rows.length) return null;
  return el('section', {}, el('h3', {}, title), el('dl', { className: 'facts' }, ...rows.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, typeof value === 'string' ? value : JSON.stringify(value))])));
}
