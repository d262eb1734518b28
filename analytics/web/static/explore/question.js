// The question of the page: from the address, to the address, and as POST /explore takes it. Pure.

import { fromInput, toInput } from '../zone.js';

export const KINDS = ['figures', 'funnel', 'retention'];
export const SPANS = { '24h': 86_400, '7d': 7 * 86_400, '30d': 30 * 86_400, '90d': 90 * 86_400 };
export const WITHOUT_FIELD = ['count', 'users'];
const DEFAULTS = {
  question: 'figures', span: '7d', from: '', to: '', q: '', measure: 'count', field: '', by: '', by2: '', interval: 'auto', window: '24', first: '', back: '', cohorts: 'week',
};
const OF_KIND = {
  figures: ['measure', 'field', 'by', 'by2', 'interval'], funnel: ['window', 'by'], retention: ['first', 'back', 'cohorts'],
};
const COMMON = ['question', 'span', 'from', 'to', 'q'];
const ENDS = ['from', 'to'];
const MOST_BARS = 200;
const INTERVALS = [['minute', 60], ['hour', 3600], ['day', 86_400], ['week', 604_800], ['month', 2_592_000]];
const COHORT_PERIODS = { day: 14, week: 8, month: 12 };

/** The view in a query string: a text for each field of the form, and the steps of a funnel. Times are those of the form. */
export function read(search) {
  const asked = new URLSearchParams(search);
  const view = { ...DEFAULTS, steps: asked.getAll('step') };
  for (const name of Object.keys(DEFAULTS)) if (asked.has(name)) view[name] = asked.get(name);
  if (!KINDS.includes(view.question)) view.question = 'figures';
  for (const name of ENDS) view[name] = Number.isNaN(Date.parse(view[name])) ? '' : toInput(Date.parse(view[name]) / 1000);
  if (view.span !== 'custom' && !Object.hasOwn(SPANS, view.span)) view.span = DEFAULTS.span;
  return view;
}

/** The query string of a view: what its kind of question needs, and no defaults. Times are in UTC, the same for all. */
export function write(view) {
  const asked = new URLSearchParams();
  for (const name of [...COMMON, ...OF_KIND[view.question]]) {
    if (!view[name] || view[name] === DEFAULTS[name]) continue;
    if (!ENDS.includes(name)) asked.set(name, view[name]);
    else if (view.span === 'custom' && Number.isFinite(fromInput(view[name]))) asked.set(name, new Date(fromInput(view[name]) * 1000).toISOString().replace('.000', ''));
  }
  if (view.question === 'funnel') for (const step of view.steps) asked.append('step', step);
  const text = asked.toString().replaceAll('%3A', ':');
  return text ? `?${text}` : '';
}

/** The body of POST /explore for a view, with `now` in milliseconds. */
export function bodyOf(view, now) {
  const entered = ENDS.map((name) => (view[name] ? fromInput(view[name]) * 1000 : NaN));
  const [from, to] = view.span === 'custom' ? entered : [now - SPANS[view.span] * 1000, now];
  const body = { question: view.question };
  if (Number.isFinite(from)) body.from = new Date(from).toISOString();
  if (Number.isFinite(to)) body.to = new Date(to).toISOString();
  if (view.q.trim()) body.q = view.q;
  return { ...body, ...PARTS[view.question](view, (to - from) / 1000) };
}

const PARTS = {
  figures(view, seconds) {
    const by = [view.by, view.by2].map((name) => name.trim()).filter(Boolean);
    const interval = view.interval === 'auto' ? fitting(seconds) : view.interval;
    return {
      measure: view.measure,
      ...(WITHOUT_FIELD.includes(view.measure) ? {} : { field: view.field.trim() || undefined }),
      ...(by.length ? { by } : {}),
      ...(interval === 'none' ? {} : { interval }),
    };
  },
  funnel(view) {
    const by = view.by.trim();
    return { steps: view.steps.filter((step) => step.trim()), window: Number(view.window) * 3600, ...(by ? { by: [by] } : {}) };
  },
  retention(view) {
    const given = Object.entries({ first: view.first, back: view.back }).filter(([, text]) => text.trim());
    return { ...Object.fromEntries(given), interval: view.cohorts, periods: COHORT_PERIODS[view.cohorts] };
  },
};

/** The shortest period of which so many seconds do not make too many bars. */
export function fitting(seconds) {
  const [name] = INTERVALS.find(([, length]) => seconds / length <= MOST_BARS) ?? INTERVALS.at(-1);
  return name;
}
