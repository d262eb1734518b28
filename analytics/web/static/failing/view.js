// What the page Errors shows; and the links from an error to its trace, lines and charts. Pure.

import { Address, SPANS } from '../views/address.js';

const EVER = 'all';
const CHOICES = ['1h', '6h', '24h', '7d', EVER];
const STATES = ['unresolved', 'open', 'regressed', 'resolved', 'muted', ''];
const AROUND_MS = 300_000;
const OF_TRACE_MS = 3_600_000;

export const address = new Address(
  { service: '', state: 'unresolved', span: '7d', from: '', to: '', group: '' },
  { state: STATES, span: CHOICES },
);

/** The arguments of GET /errors for a view; `now` in milliseconds since the epoch. */
export function askedOf({ service, state, span, from, to }, now) {
  if (from && to) return { service, state, since: from, until: to };
  return { service, state, since: span === EVER ? '' : new Date(now - SPANS[span] * 1000).toISOString() };
}

/** The links of an error of a group: to its trace and the lines of that, or to the lines of its service at that time. */
export function linksOf({ service, time, trace_id: trace }) {
  if (!trace) return [['Lines at that time', `logging?${new URLSearchParams({ service, ...around(time, time, AROUND_MS) })}`]];
  return [
    ['Its trace', `tracing?${new URLSearchParams({ trace })}`],
    ['Its lines', `logging?${new URLSearchParams({ trace_id: trace, ...around(time, time, OF_TRACE_MS) })}`],
  ];
}

/** The links of a group, to what its services did from its first to its newest error. */
export function linksOfGroup({ services, first, last }) {
  const names = Object.keys(services);
  const about = { ...(names.length === 1 ? { service: names[0] } : {}), ...around(first, last, AROUND_MS) };
  return [
    ['Charts of that time', `./?${new URLSearchParams(about)}`],
    ['Failed traces', `tracing?${new URLSearchParams({ ...about, status: 'error' })}`],
    ['Error lines', `logging?${new URLSearchParams({ ...about, severity: 'error' })}`],
  ];
}

function around(first, last, ms) {
  return { from: new Date(Date.parse(first) - ms).toISOString(), to: new Date(Date.parse(last) + ms).toISOString() };
}
