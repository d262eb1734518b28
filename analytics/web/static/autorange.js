// Default range of the charts if the address has none: the usual one, or the next longer one with data. Pure.

import { RANGES } from './points.js';

const SERIES = [['requests', 'sum'], ['events', 'count'], ['errors', 'sum'], ['latency', 'count']];

/**
 * Name of the shortest range with data, starting with `first`; `first` if none has data.
 *
 * @param {string} first the range to begin with.
 * @param {number} now seconds since the epoch.
 * @param {(query: {name: string, agg: string, from: number, to: number, step: number}) => Promise<Array<number?>>} values
 *   of a series, one for each bucket; `from` is the start of one.
 */
export async function shortestWithData(first, now, values) {
  const names = Object.keys(RANGES);
  for (const range of names.slice(names.indexOf(first))) {
    const { seconds, coarse: step } = RANGES[range];
    const from = Math.floor((now - seconds) / step) * step + step;
    for (const [name, agg] of SERIES) {
      if ((await values({ name, agg, from, to: now, step })).some((value) => value > 0)) return range;
    }
  }
  return first;
}

/** Whether there was data before `start` (seconds); if not, averages begin at the first data. */
export async function hasDataBefore(start, now, values) {
  for (const [step, kept] of [[60, 10_800], [3600, 604_800], [86_400, 7_776_000]]) {
    const [from, to] = [Math.floor((now - kept) / step) * step + 2 * step, Math.floor(start / step) * step];
    if (from >= to) continue;
    if ((await values({ name: 'requests', agg: 'sum', from, to, step })).some((value) => value > 0)) return true;
  }
  return false;
}
