// The ticks of an axis that begins at 0: round numbers in the unit that fits, with distinct labels. Pure.

import { compact, rateUnit, spanUnit } from './format.js';

const FEWEST = 3;
const FEWEST_LONG = 10_000;

/** For each kind of number: how much of it one unit is, and the suffix of the unit. */
const UNITS = {
  count: () => [1, ''],
  number: () => [1, ''],
  rate: (greatest) => {
    const [seconds, unit] = rateUnit(greatest);
    return [1 / seconds, `/${unit}`];
  },
  ms: (greatest) => {
    const [size, unit] = spanUnit(greatest);
    return [size, ` ${unit}`];
  },
};

/**
 * The ticks from 0 to `greatest`.
 *
 * @param {number} greatest the end of the axis; 0 where there is nothing to show, and then 0 is the only tick.
 * @param {number} most how many steps may lie between 0 and `greatest`, at least 3.
 * @param {'count' | 'number' | 'rate' | 'ms'} kind counts are whole numbers, rates are per second.
 * @returns {Array<{value: number, text: string}>}
 */
export function ticks(greatest, most, kind) {
  const zero = { value: 0, text: '0' };
  if (!(greatest > 0)) return [zero];
  const [size, suffix] = UNITS[kind](greatest);
  const end = greatest / size;
  const step = Math.max(kind === 'count' ? 1 : 0, roundUp(end / Math.max(FEWEST, most)));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const numbers = new Intl.NumberFormat(undefined, { minimumFractionDigits: Math.min(20, digits), maximumFractionDigits: Math.min(20, digits) });
  const found = [zero];
  for (let index = 1; step * index <= end * (1 + 1e-9); index += 1) {
    const each = step * index;
    found.push({ value: each * size, text: `${end >= FEWEST_LONG ? compact(each) : numbers.format(each)}${suffix}` });
  }
  return found;
}

/** The least of 1, 2, 5, 10, 20, 50 and so on that is at least `value`. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((each) => each * power >= value * (1 - 1e-9));
  return factor * power;
}
