// The view in the address: service, range, zoom and filters, so that it can be shared.

const DEFAULTS = { service: '', range: '', zoom: '', type: '', source: '', find: '', sort: '' };

/** View of a query string; without a range, the page chooses one with data. */
export function read(search, ranges) {
  const asked = new URLSearchParams(search);
  const view = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) if (asked.has(name)) view[name] = asked.get(name);
  if (!Object.hasOwn(ranges, view.range)) view.range = DEFAULTS.range;
  return view;
}

/** Query string of a view, without defaults. */
export function write(view) {
  const asked = new URLSearchParams();
  for (const [name, usual] of Object.entries(DEFAULTS)) if (view[name] && view[name] !== usual) asked.set(name, view[name]);
  const text = asked.toString();
  return text ? `?${text}` : '';
}

/** The two ends of a zoom in seconds since the epoch, or null. */
export function zoomOf(text) {
  const found = /^(\d{1,12})-(\d{1,12})$/.exec(text);
  return found && Number(found[1]) < Number(found[2]) ? [Number(found[1]), Number(found[2])] : null;
}
