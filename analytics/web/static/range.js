// The range of the page: a preset that moves on with the time, or a custom one that stands still. Pure.

import { stretch } from './format.js';

/**
 * Presets: `buckets` of `step` seconds, the newest still open, as many as the service keeps; loaded again after `again`
 * seconds.
 */
export const PRESETS = {
  '1m': { label: '1 min', words: 'last minute', step: 5, buckets: 12, again: 4 },
  '15m': { label: '15 min', words: 'last 15 minutes', step: 60, buckets: 15, again: 10 },
  '1h': { label: '1 h', words: 'last hour', step: 60, buckets: 60, again: 10 },
  '3h': { label: '3 h', words: 'last 3 hours', step: 60, buckets: 180, again: 20 },
  '24h': { label: '24 h', words: 'last 24 hours', step: 3600, buckets: 24, again: 20 },
  '7d': { label: '7 d', words: 'last 7 days', step: 3600, buckets: 168, again: 30 },
  '90d': { label: '90 d', words: 'last 90 days', step: 86_400, buckets: 90, again: 60 },
};
const AGAIN = 60;

/**
 * A range in seconds since the epoch, from `from` to before `to`.
 *
 * @typedef {{name: string, from: number, to: number, step: number | undefined, words: string, within: string, isLive: boolean, again: number}} Range
 *   `name` is that of a preset, or empty for a custom range; `step` is the shortest bucket wanted; `words` name the range,
 *   and `within` does in a sentence.
 */

/** The preset of that name as of `now`. @returns {Range} */
export function preset(name, now) {
  const { words, step, buckets, again } = PRESETS[name];
  const to = Math.floor(now / step) * step + step;
  return { name, from: to - buckets * step, to, step, words, within: `in the ${words}`, isLive: true, again };
}

/** A custom range. @returns {Range} */
export function custom(from, to, now) {
  const [first, last] = stretch([from, to], new Date(now * 1000));
  return { name: '', from, to, step: undefined, words: `${first} – ${last}`, within: `from ${first} to ${last}`, isLive: false, again: AGAIN };
}

/** The name of a length of buckets: "by the minute". */
export function byStep(step) {
  const unit = { 60: 'minute', 3600: 'hour', 86_400: 'day (UTC)' }[step];
  return unit ? `by the ${unit}` : `by ${step} seconds`;
}

/** "a minute", for figures of one bucket. */
export const aStep = (step) => ({ 60: 'a minute', 3600: 'an hour', 86_400: 'a day' })[step] ?? `in ${step} s`;

/** The part of a chart from `from` to `to` (seconds) as a custom range: whole buckets, at least one. */
export function snapped(from, to, step) {
  const first = Math.floor(from / step) * step;
  return { from: first, to: Math.max(first + step, Math.ceil(to / step) * step) };
}
