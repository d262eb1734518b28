// What the page Logs shows, in its address. Pure.

export const SPANS = { '15m': 900, '1h': 3600, '6h': 21_600, '24h': 86_400, '7d': 604_800 };
const DEFAULTS = { q: '', service: '', severity: '', trace_id: '', span: '6h', from: '', to: '', wrap: '' };

/** The view in a query string; unknown values fall back to the defaults. */
export function read(search) {
  const given = new URLSearchParams(search);
  const view = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, given.get(name) ?? value]));
  if (!(view.span in SPANS)) view.span = DEFAULTS.span;
  return view;
}

/** The query string of a view, without defaults. */
export function write(view) {
  const query = new URLSearchParams(Object.entries(DEFAULTS).filter(([name, value]) => view[name] !== value).map(([name]) => [name, view[name]])).toString();
  return query ? `?${query}` : '';
}

/** The filters of a view, as arguments. */
export const filtersOf = ({ q, service, severity, trace_id: trace }) => ({ q, service, severity, trace_id: trace });

/** The range of a view as times in RFC 3339; `now` in milliseconds since the epoch. */
export function rangeOf(view, now) {
  if (view.from && view.to) return { from: view.from, to: view.to };
  return { from: new Date(now - SPANS[view.span] * 1000).toISOString(), to: new Date(now).toISOString() };
}

/** A filter with one more condition; with `isNot`, for lines without that value. */
export function withCondition(q, field, value, isNot = false) {
  const text = /^[\w.@/-]+$/.test(value) ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const condition = `${isNot ? '-' : ''}${field}:${text}`;
  return q.split(/\s+/).includes(condition) ? q : `${q} ${condition}`.trim();
}

/** A text without the codes with which terminals show colours. */
export const plain = (text) => text.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, ''); // eslint-disable-line no-control-regex

/** The JSON in a text, indented; null if it is none. */
export function folded(text) {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return null;
  try {
    return JSON.stringify(JSON.parse(trimmed), null, 2);
  } catch {
    return null;
  }
}
