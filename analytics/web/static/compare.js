// The range that another one is compared with, and both on one time axis. Pure.

import { stretch } from './format.js';
import { earlier } from './zone.js';

/** Comparisons by their name in the address: the text of the choice, and how the other range is named. */
export const COMPARISONS = {
  '': { label: 'nothing', words: '' },
  before: { label: 'the period before', words: 'the period before' },
  yesterday: { label: 'same time yesterday', words: 'yesterday' },
  week: { label: 'same time last week', words: 'last week' },
};
const DAYS = { yesterday: 1, week: 7 };

/**
 * The range that `range` is compared with; null without a comparison. `shift` is how many seconds it lies back.
 * Days are those of the reader's zone: on the day after a change of clocks, "yesterday" is 23 or 25 hours back.
 */
export function comparedWith(kind, range) {
  if (!Object.hasOwn(COMPARISONS, kind) || kind === '') return null;
  const length = range.to - range.from;
  const exact = kind === 'before' ? length : range.to - earlier(range.to, DAYS[kind]);
  const step = range.step ?? 1;
  const shift = Math.round(exact / step) * step;
  return { from: range.from - shift, to: range.to - shift, step: range.step, shift, words: COMPARISONS[kind].words };
}

/** The sign in front of a number that is only about that. */
export const sign = (isExact) => (isExact ? '' : '≈\u00a0');

/** What an answer about the other range covers, in words: "28 Nov, 13:00 – 14:00". */
export const coverage = (summary, now) => stretch([summary.from, summary.to], new Date(now * 1000)).join(' – ');

/**
 * For each of `times` (starts of buckets) the place of the bucket in `then` that holds the moment `shift` seconds before;
 * -1 where there is none.
 */
export function places(times, then, shift) {
  return times.map((at) => {
    const place = Math.floor((at - shift - then.from) / then.step);
    return place >= 0 && place < then.points.length ? place : -1;
  });
}

/**
 * A number of requests (or errors) counted in the other range, as it would be over the length of this one.
 * `isExact`: both are of the same length, so that it is the number itself.
 */
export function scaled(value, now, then) {
  const [here, there] = [now, then].map(({ seconds, since, from }) => seconds + since - from);
  if (value === null || value === undefined || !(there > 0)) return { value: null, isExact: true };
  const factor = here / there;
  const isExact = Math.abs(factor - 1) < 0.01;
  return { value: isExact ? value : value * factor, isExact };
}
