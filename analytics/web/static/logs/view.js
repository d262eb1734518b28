// What the page Logs shows, and its filters. Pure.

import { Address, SPANS } from '../views/address.js';

export const address = new Address(
  { q: '', service: '', severity: '', trace_id: '', span: '6h', from: '', to: '', wrap: '' },
  { span: Object.keys(SPANS) },
);

/** The filters of a view, as arguments. */
export const filtersOf = ({ q, service, severity, trace_id: trace }) => ({ q, service, severity, trace_id: trace });

/** A filter with one more condition; with `isNot`, for lines without that value. */
export function withCondition(q, field, value, isNot = false) {
  const text = /^[\w.@/-]+$/.test(value) ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const condition = `${isNot ? '-' : ''}${field}:${text}`;
  return q.split(/\s+/).includes(condition) ? q : `${q} ${condition}`.trim();
}

/** A text without the codes with which terminals show colours. */
export const plain = (text) => text.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, ''); // eslint-disable-line no-control-regex

/** The object or list of JSON in a text; null if it is none. */
export function jsonOf(text) {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return null;
  try {
    return JSON.parse(trimmed);
  } catch {
    return null;
  }
}
