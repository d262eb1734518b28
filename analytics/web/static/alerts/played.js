// What POST /rules/test answers, as the chart and the sentence show it. Pure.

import { span } from '../format.js';
import { labelsText } from './states.js';

const MOST_LINES = 6;

/** Columns of the chart: times in seconds, a line for each of the first series, and the threshold. */
export function columnsOf({ times, series, threshold }) {
  const lines = series.slice(0, MOST_LINES).map(({ points }) => points);
  return [times.map((time) => Date.parse(time) / 1000), ...lines, ...(threshold === null ? [] : [times.map(() => threshold)])];
}

/** The names of these lines, in their order; the last one is the threshold. */
export const namesOf = ({ series, threshold, operator }) => [
  ...series.slice(0, MOST_LINES).map(({ labels }) => labelsText(labels, []) || 'value'),
  ...(threshold === null ? [] : [`${operator} ${threshold}`]),
];

/** The spans in which alerts would have fired, oldest first: `{labels, from, to}` in seconds; `to` null where it still fires. */
export const firingSpans = ({ alerts }) => alerts
  .flatMap(({ labels, spans }) => spans.filter(({ is_firing: fires }) => fires).map(({ from, to }) => ({ labels, from: Date.parse(from) / 1000, to: to ? Date.parse(to) / 1000 : null })))
  .sort((a, b) => a.from - b.from);

/** The outcome: "Would have fired 3 times, for 25 min in all." */
export function outcomeOf(played) {
  const spans = firingSpans(played);
  if (!played.times.length) return { state: 'idle', text: 'Nothing is kept of that time.' };
  if (!spans.length) return { state: 'good', text: played.series_count ? 'Would not have fired.' : 'Would not have fired: the expression has no value in that time.' };
  const end = Date.parse(played.times.at(-1)) / 1000;
  const total = spans.reduce((sum, { from, to }) => sum + ((to ?? end) - from), 0);
  const times = spans.length === 1 ? 'once' : `${spans.length} times`;
  return { state: 'warn', text: `Would have fired ${times}, for ${span(total)} in all${spans.some(({ to }) => to === null) ? ', and would fire at the end' : ''}.` };
}
