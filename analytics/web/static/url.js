// The view in the address: service, range, comparison and filters, so that it can be shared.

import { COMPARISONS } from './compare.js';
import { PRESETS } from './range.js';

const DEFAULTS = { service: '', range: '', from: '', to: '', compare: '', type: '', source: '', q: '', find: '', sort: '' };
const ENDS = ['from', 'to'];
const LATEST = 253_402_300_799; // the end of the year 9999
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const OLD_RANGES = { '5m': '15m' };

/** View of a query string; `from` and `to` in seconds. Without a range, the page chooses one with data. */
export function read(search) {
  const asked = new URLSearchParams(search);
  const view = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) if (asked.has(name)) view[name] = asked.get(name);
  view.range = OLD_RANGES[view.range] ?? view.range;
  if (!Object.hasOwn(PRESETS, view.range)) view.range = '';
  if (!Object.hasOwn(COMPARISONS, view.compare)) view.compare = '';
  const ends = zoomOf(asked.get('zoom') ?? '') ?? ENDS.map((name) => (TIME.test(view[name]) ? Math.floor(Date.parse(view[name]) / 1000) : NaN));
  const isRange = ends[0] >= 0 && ends[0] < ends[1] && ends[1] <= LATEST;
  ENDS.forEach((name, index) => (view[name] = isRange ? ends[index] : ''));
  if (isRange) view.range = '';
  return view;
}

/** Query string of a view, without defaults; a custom range as RFC 3339 in UTC. */
export function write(view) {
  const asked = new URLSearchParams();
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (view[name] === usual || !view[name]) continue;
    asked.set(name, ENDS.includes(name) ? new Date(view[name] * 1000).toISOString().replace('.000', '') : view[name]);
  }
  const text = asked.toString().replaceAll('%3A', ':');
  return text ? `?${text}` : '';
}

/** The same range and comparison with another service, or with '' for all: for links. */
export const withService = ({ range, from, to, compare }, service) => write({ ...DEFAULTS, range, from, to, compare, service }) || './';

/** The two ends in seconds in a link of earlier versions, or null. */
function zoomOf(text) {
  const found = /^(\d{1,12})-(\d{1,12})$/.exec(text);
  return found && [Number(found[1]), Number(found[2])];
}
