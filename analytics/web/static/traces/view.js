// What the page Traces shows: filters of traces, one trace, a comparison, or the map. Pure.

import { Address, SPANS, rangeOf } from '../views/address.js';

export const MOST_TRACES = 200;
export const address = new Address(
  { show: 'list', service: '', operation: '', status: '', min: '', max: '', attribute: '', span: '6h', from: '', to: '', order: 'newest', trace: '', with: '' },
  { show: ['list', 'map'], span: Object.keys(SPANS), order: ['newest', 'slowest'] },
);

/** The arguments of GET /traces for a view. */
export function askedOf(view, now) {
  const asked = { ...rangeOf(view, now), service: view.service, operation: view.operation, status: view.status, min_trace_duration_ms: view.min, max_trace_duration_ms: view.max, order: view.order, limit: MOST_TRACES };
  const [, name, value] = view.attribute.match(/^\s*([^=\s]+)\s*=\s*(.*?)\s*$/) ?? [];
  return name ? { ...asked, [`attributes.${name}`]: value } : asked;
}
