// What the page shows, in its address: filters of traces, one trace, or the map. Pure.

export const SPANS = { '15m': 900, '1h': 3600, '6h': 21_600, '24h': 86_400, '7d': 604_800 };
export const MOST_TRACES = 200;
const DEFAULTS = { show: 'list', service: '', operation: '', status: '', min: '', max: '', attribute: '', span: '6h', from: '', to: '', order: 'newest', trace: '', with: '' };

/** The view in a query string; unknown values fall back to the defaults. */
export function read(search) {
  const given = new URLSearchParams(search);
  const view = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, given.get(name) ?? value]));
  if (!(view.span in SPANS)) view.span = DEFAULTS.span;
  if (!['newest', 'slowest'].includes(view.order)) view.order = DEFAULTS.order;
  if (!['list', 'map'].includes(view.show)) view.show = DEFAULTS.show;
  return view;
}

/** The query string of a view, without defaults. */
export function write(view) {
  const query = new URLSearchParams(Object.entries(DEFAULTS).filter(([name, value]) => view[name] !== value).map(([name]) => [name, view[name]])).toString();
  return query ? `?${query}` : '';
}

/** The range of a view as times in RFC 3339; `now` in milliseconds since the epoch. */
export function rangeOf(view, now) {
  if (view.from && view.to) return { from: view.from, to: view.to };
  return { from: new Date(now - SPANS[view.span] * 1000).toISOString(), to: new Date(now + 1000).toISOString() };
}

/** The arguments of GET /traces for a view. */
export function askedOf(view, now) {
  const asked = { ...rangeOf(view, now), service: view.service, operation: view.operation, status: view.status, min_duration_ms: view.min, max_duration_ms: view.max, order: view.order, limit: MOST_TRACES };
  const [, name, value] = view.attribute.match(/^\s*([^=\s]+)\s*=\s*(.*?)\s*$/) ?? [];
  return name ? { ...asked, [`attributes.${name}`]: value } : asked;
}
