// What POST /rules/test answers, as the chart and the sentence show it. Pure.

import { decimal, span } from '../format.js';
import { labelsText } from './states.js';

const MOST_LINES = 6;
const COMPARISON = /^\s*(==|!=|>=|<=|>|<)\s*(?:bool\s+)?([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*$/i;

/** The thresholds of a played rule, that of firing first: `{label, value}`. `clear` is the rule's, which may be a comparison. */
export function thresholdsOf({ threshold, operator }, clear = '') {
  const [, sign, number] = COMPARISON.exec(clear) ?? [];
  return [...(threshold === null ? [] : [{ label: `${operator} ${threshold}`, value: threshold }]), ...(sign ? [{ label: `over at ${sign} ${number}`, value: Number(number) }] : [])];
}

/** Columns of the chart: times in seconds, a line for each of the first series, and one for each threshold. */
export function columnsOf({ times, series }, thresholds) {
  return [times.map((time) => Date.parse(time) / 1000), ...series.slice(0, MOST_LINES).map(({ points }) => points), ...thresholds.map(({ value }) => times.map(() => value))];
}

/** The names of the lines of series, in their order. */
export const namesOf = ({ series }) => series.slice(0, MOST_LINES).map(({ labels }) => labelsText(labels, []) || 'value');

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

/** The history of a rule for a small line: the value nearest to firing at each time, from 0 on, and the places where it fired. */
export function trendOf(played) {
  const times = played.times.map((time) => Date.parse(time) / 1000);
  const worst = played.operator?.startsWith('<') ? Math.min : Math.max;
  const values = times.map((_, place) => {
    const known = played.series.map(({ points }) => points[place]).filter((value) => value !== null);
    return known.length ? worst(...known) : null;
  });
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return { values: [], marked: [], text: 'no values' };
  const least = Math.min(0, ...known);
  const spans = firingSpans(played);
  const marked = times.flatMap((at, place) => (spans.some(({ from, to }) => from <= at && (to === null || at < to)) ? [place] : []));
  const { text } = outcomeOf(played);
  return { values: values.map((value) => (value === null ? null : value - least)), marked, text: `${decimal(Math.min(...known))} to ${decimal(Math.max(...known))}. ${text}` };
}
