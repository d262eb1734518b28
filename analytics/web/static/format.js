// Numbers and times as people read them, in the reader's locale.

import { dateFormat, dayOf } from './zone.js';

const integers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const scientific = new Intl.NumberFormat(undefined, { notation: 'scientific', maximumFractionDigits: 1 });
const compacts = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const withDigits = (options) => [0, 1, 2].map((digits) => new Intl.NumberFormat(undefined, { ...options, minimumFractionDigits: digits, maximumFractionDigits: digits }));
const decimals = withDigits({});
const percents = withDigits({ style: 'percent' });
const clocks = dateFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minutes = dateFormat({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const days = dateFormat({ weekday: 'short', day: 'numeric', month: 'short' });
const dates = dateFormat({ day: 'numeric', month: 'short' });

export const NONE = '–';

const HUGE = 1e7;
const VAST = 1e15; // from here on a number is told by its power of ten: its digits would not be exact, nor fit anywhere
const small = (value) => value > 0 && value < 0.005;
const isVast = (value) => Math.abs(value) >= VAST;
const brief = (value) => (isVast(value) ? scientific : compacts).format(value);
const known = (value) => typeof value === 'number' && Number.isFinite(value);

/** A number with so many digits (0 to 2) behind the point. */
export const fixed = (value, digits) => (known(value) ? decimals[digits].format(value) : NONE);

/** A whole number: 12,345. */
export const count = (value) => (known(value) ? (isVast(value) ? scientific : integers).format(value) : NONE);

/** The same in a column: from ten millions on 12.3M. */
export const short = (value) => (known(value) && Math.abs(value) >= HUGE ? brief(value) : count(value));

/** A number where room is short: 12.3K. */
export const compact = (value) => (known(value) ? (Math.abs(value) < 10_000 ? decimal(value) : brief(value)) : NONE);

/** About three digits: 0.25, 4.2, 42; what is not nothing never reads as 0. */
export function decimal(value) {
  if (!known(value)) return NONE;
  if (Number.isInteger(value) || Math.abs(value) >= 100) return short(value);
  return small(value) ? `<${decimals[2].format(0.01)}` : decimals[Math.abs(value) < 10 ? 2 : 1].format(value);
}

/** Per cent, of a figure from 0 to 100, with so many digits behind the point. */
export function percent(value, digits = value !== 0 && Math.abs(value) < 10 ? 2 : 1) {
  if (!known(value)) return NONE;
  if (Math.abs(value) >= HUGE) return `${brief(value)}%`;
  return digits === 2 && small(value) ? `<${percents[2].format(0.0001)}` : percents[digits].format(value / 100);
}

/** Milliseconds; from ten seconds on, seconds, and what is longer than hours briefly. */
export function ms(value) {
  if (!known(value)) return NONE;
  if (value >= 10_000) return value < 1e7 ? `${decimal(value / 1000)} s` : briefly(value / 1000);
  if (value < 1 && value !== 0) return `${decimal(value)} ms`;
  return `${decimals[value < 100 ? 1 : 0].format(value)} ms`;
}

/** A span in its greatest unit: 12 s, 5 min, 3 h, 4 d. */
export function briefly(seconds) {
  const [size, unit] = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']].find(([each]) => seconds >= each) ?? [1, 's'];
  return `${short(Math.floor(Math.max(0, seconds) / size))} ${unit}`;
}

/** A span in its one or two greatest units: 12 s, 5 min, 3 h 20 min, 4 d 2 h. */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) {
    const rest = Math.floor((whole % 3600) / 60);
    return `${Math.floor(whole / 3600)} h${rest ? ` ${rest} min` : ''}`;
  }
  const rest = Math.floor((whole % 86_400) / 3600);
  return `${short(Math.floor(whole / 86_400))} d${rest && whole < 864_000 ? ` ${rest} h` : ''}`;
}

/** How long ago, in seconds; as a span or briefly. */
export const ago = (seconds, as = span) => (seconds < 1 ? 'now' : `${as(seconds)} ago`);

const sameDay = (a, b) => dayOf(a) === dayOf(b);

/** Hours and minutes, with the day where it is not today's. */
export function when(date, now = new Date()) {
  return sameDay(date, now) ? minutes.format(date) : `${dates.format(date)}, ${minutes.format(date)}`;
}

/** The same where room is short: of another day only which one it was. */
export const shortly = (date, now) => (sameDay(date, now) ? minutes.format(date) : dates.format(date));

/** Hours, minutes and seconds. */
export const clock = (date) => clocks.format(date);

/** Hours and minutes. */
export const minute = (date) => minutes.format(date);

/** A day: Mon 3 Feb. */
export const day = (date) => days.format(date);

/** A day in the axis of a chart: 3 Feb. */
export const date = (value) => dates.format(value);

/** The same moment in UTC, for who points at it. */
export const utc = (value) => `${value.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** A moment of a series: as fine as its buckets of `step` seconds are. */
export function moment(date, step) {
  if (step >= 86_400) return days.format(date);
  if (step >= 3600) return `${dates.format(date)}, ${minutes.format(date)}`;
  return step >= 60 ? minutes.format(date) : clocks.format(date);
}

/** Ratio to the usual: 4 ×, 2.5 ×, and no more than over 100 ×. */
export const times = (ratio) =>
  ratio > 100 ? 'over 100 ×' : `${decimals[ratio < 10 && Math.round(ratio * 10) % 10 ? 1 : 0].format(ratio)} ×`;

/** At most so many characters of a text: whole words, as a number that is cut would be another number, and an ellipsis. */
export function shorten(text, most) {
  if (text.length <= most) return text;
  const cut = text.lastIndexOf(' ', most);
  return cut > 0 ? `${text.slice(0, cut)} …` : `${text.slice(0, most)}…`;
}

/** "1 service", "2 services". */
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? '' : 's'}`;
