// Default range if the address has none: the usual one, or the next longer one with data. Pure.

import { preset, PRESETS } from './range.js';

const SERIES = [['requests', 'sum'], ['events', 'count'], ['errors', 'sum'], ['latency', 'count']];

/**
 * Name of the shortest preset with data, starting with `first`; `first` if none has data.
 *
 * @param {string} first the preset to begin with.
 * @param {number} now seconds since the epoch.
 * @param {(query: {name: string, agg: string, from: number, to: number, step: number}) => Promise<Array<number?>>} values
 *   of a series, one for each bucket; `from` is the start of one.
 */
export async function shortestWithData(first, now, values) {
  const names = Object.keys(PRESETS);
  for (const name of names.slice(names.indexOf(first))) {
    const { from, step } = preset(name, now);
    for (const [series, agg] of SERIES) {
      // one bucket less, because it may be dropped before the answer is made
      if ((await values({ name: series, agg, from: from + step, to: now + 1, step })).some((value) => value > 0)) return name;
    }
  }
  return first;
}
