// Formats numbers and times for people, in the reader's locale.

import { dateFormat, dayOf } from './zone.js';

const integers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const scientific = new Intl.NumberFormat(undefined, { notation: 'scientific', maximumFractionDigits: 1 });
const compacts = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const withDigits = (options) => [0, 1, 2].map((digits) => new Intl.NumberFormat(undefined, { ...options, minimumFractionDigits: digits, maximumFractionDigits: digits }));
const decimals = withDigits({});
const briefPercents = [1, 2].map((digits) => new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: digits }));
const threes = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const percents = withDigits({ style: 'percent' });
const clocks = dateFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minutes = dateFormat({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const days = dateFormat({ weekday: 'short', day: 'numeric', month: 'short' });
const dates = dateFormat({ day: 'numeric', month: 'short' });

const utcDates = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

const NONE = '–';

const HUGE = 1e7;
const VAST = 1e15; // from here on numbers are shown as powers of ten: their digits would not be exact, and would fit nowhere
const RATES = [[1, 's'], [60, 'min'], [3600, 'h'], [86_400, 'd']];
const SPANS = [[1, 'ms'], [1000, 's'], [60_000, 'min'], [3_600_000, 'h'], [86_400_000, 'd']];
const small = (value) => value > 0 && value < 0.005;
const isVast = (value) => Math.abs(value) >= VAST;
const brief = (value) => (isVast(value) ? scientific : compacts).format(value);
const known = (value) => typeof value === 'number' && Number.isFinite(value);

/** A whole number: 12,345. */
export const count = (value) => (known(value) ? (isVast(value) ? scientific : integers).format(value) : NONE);

/** The same in a column: from ten millions on 12.3M. */
export const short = (value) => (known(value) && Math.abs(value) >= HUGE ? brief(value) : count(value));

/** A number where room is short: 12.3K. */
export const compact = (value) => (known(value) ? (Math.abs(value) < 10_000 ? decimal(value) : brief(value)) : NONE);

/** About three digits: 0.25, 4.2, 42; values above 0 are never shown as 0. */
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

/** The same in a sentence, without zeros at its end: 3.4%, 0.06%. */
export function briefPercent(value) {
  if (!known(value)) return NONE;
  if (Math.abs(value) >= HUGE) return `${brief(value)}%`;
  return small(value) ? `<${percents[2].format(0.0001)}` : briefPercents[Math.abs(value) < 10 ? 1 : 0].format(value / 100);
}

/** The unit in which a rate per second reads as at least 1, or the greatest: its seconds and its name. */
export const rateUnit = (value) => RATES.find(([seconds]) => Number((value * seconds).toPrecision(3)) >= 1) ?? RATES.at(-1);

/** A rate per second; a low one per minute, hour or day: 42/s, 3/min, 2/h. */
export function rate(value) {
  if (!known(value)) return NONE;
  if (value === 0) return '0/s';
  const [seconds, unit] = rateUnit(value);
  const each = value * seconds;
  return `${each >= 100 ? short(each) : small(each) ? decimal(each) : threes.format(each)}/${unit}`;
}

/** The unit in which milliseconds read as at least 1: how many they are, and its name. */
export const spanUnit = (value) => SPANS.findLast(([size]) => Number(value.toPrecision(3)) >= size) ?? SPANS[0];

/** Milliseconds in the unit that fits, in three digits at most: 4.25 ms, 137 ms, 1.23 s. */
export function ms(value) {
  if (!known(value)) return NONE;
  const [size, unit] = spanUnit(value);
  const each = Number(value.toPrecision(3)) / size;
  if (each < 1) return `${each === 0 ? '0' : decimal(each)} ${unit}`;
  return `${each < 10_000 ? threes.format(each) : brief(each)} ${unit}`;
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

/** Whether two moments are of one day for the reader. */
export const sameDay = (a, b) => dayOf(a) === dayOf(b);

/** Hours and minutes, with the day where it is not today's. */
export function when(date, now = new Date()) {
  return sameDay(date, now) ? minutes.format(date) : `${dates.format(date)}, ${minutes.format(date)}`;
}

/** The same where room is short: of another day only which one it was. */
export const shortly = (date, now) => (sameDay(date, now) ? minutes.format(date) : dates.format(date));

/** Hours, minutes and seconds. */
export const clock = (date) => clocks.format(date);

/** The same, with the day where it is not today's. */
export const stamp = (date, now = new Date()) => (sameDay(date, now) ? clocks.format(date) : `${dates.format(date)}, ${clocks.format(date)}`);

/** From one moment to another (seconds since the epoch), and how long that is: 14:02 – 14:25, 23 min. */
export function between([from, to], now = new Date()) {
  const seconds = to - from;
  const text = seconds < 600 ? stamp : when;
  const rest = seconds < 600 && seconds % 60 ? ` ${seconds % 60} s` : '';
  const long = seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${(rest ? Math.floor : Math.round)(seconds / 60)} min${rest}` : span(seconds);
  return `${text(new Date(from * 1000), now)} – ${text(new Date(to * 1000), now)}, ${long}`;
}

/** Both ends of a stretch of time (seconds since the epoch), with their days where these differ or are not today. */
export function stretch([from, to], now = new Date()) {
  const text = to - from < 600 || from % 60 || to % 60 ? stamp : when;
  const [first, last] = [from, to].map((at) => new Date(at * 1000));
  return sameDay(first, last) ? [text(first, now), text(last, last)] : [text(first, last), text(last, first)];
}

/** Hours and minutes. */
export const minute = (date) => minutes.format(date);

/** A day: Mon 3 Feb. */
export const day = (date) => days.format(date);

/** A day in the axis of a chart: 3 Feb. */
export const date = (value) => dates.format(value);

/** The day of a moment in UTC (seconds since the epoch), as days are kept: 3 Feb. */
export const utcDay = (at) => utcDates.format(new Date(at * 1000));

/** The same moment in UTC, for tooltips. */
export const utc = (value) => `${value.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** A moment of a series: as fine as its buckets of `step` seconds are, with the day where it is not today's. */
export function moment(date, step, now = new Date()) {
  if (step >= 86_400) return days.format(date);
  if (step >= 3600) return `${dates.format(date)}, ${minutes.format(date)}`;
  return step >= 60 ? when(date, now) : stamp(date, now);
}

/** At most so many characters of a text: whole words, as a number that is cut would be another number, and an ellipsis. */
export function shorten(text, most) {
  if (text.length <= most) return text;
  const cut = text.lastIndexOf(' ', most);
  return cut > 0 ? `${text.slice(0, cut)} …` : `${text.slice(0, most)}…`;
}

/** "1 service", "2 services". */
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? '' : 's'}`;
