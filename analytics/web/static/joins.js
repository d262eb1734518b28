// Links from what the dashboard shows to the traces and log lines of it.

import { iso } from './api.js';
import { el } from './dom.js';

const AROUND = 3600; // seconds before and after an event that its trace may have lines in
/** Records of a time: the text of a link, its page, and the arguments of that. */
const RECORDS = [
  ['slowest traces', 'tracing', { order: 'slowest' }],
  ['failed traces', 'tracing', { status: 'error' }],
  ['error lines', 'logging', { severity: 'error' }],
  ['all lines', 'logging', {}],
];

const link = (text, page, asked) => el('a', { href: `${page}?${new URLSearchParams(asked)}` }, text);

/** Links to the traces and lines of `service`, or with '' of all, between two times in seconds. */
export function linksOfTime(service, from, to) {
  const about = { ...(service ? { service } : {}), from: iso(from), to: iso(to) };
  return RECORDS.flatMap(([text, page, asked], place) => [place ? ' · ' : '', link(text, page, { ...about, ...asked })]);
}

/** A line with a link to all errors of the group with this fingerprint, whatever its state. */
export const linkOfGroup = (group) => el('p', { className: 'soft' }, link('All errors with this cause', 'failing', { state: '', span: 'all', group }));

/** A line with links to the trace of an event and the lines of that; null if the event names no trace. */
export function linksOfEvent({ timestamp, data }) {
  const id = data?.trace_id;
  if (typeof id !== 'string' || !/^[0-9a-f]{32}$/i.test(id)) return null;
  const at = Date.parse(timestamp) / 1000;
  const trace = id.toLowerCase();
  return el('p', { className: 'soft' }, link('Its trace', 'tracing', { trace }), ' · ', link('its lines', 'logging', { trace_id: trace, from: iso(at - AROUND), to: iso(at + AROUND) }));
}
