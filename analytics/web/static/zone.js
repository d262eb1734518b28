// Time zone of all times on the page: local or UTC, chosen by a switch and stored in this browser.

import { keep, recall } from './kept.js';

const KEY = 'analytics.zone';
let isUtc = recall(KEY) === 'utc';

/** Dispatches `change` when another zone is chosen, so that times are updated. */
export const zone = new EventTarget();

/** Whether times are shown in UTC. */
export const inUtc = () => isUtc;

/** Show times in the zone of that name, `local` or `utc`. */
export function chooseZone(name) {
  isUtc = name === 'utc';
  keep(KEY, name);
  zone.dispatchEvent(new Event('change'));
}

/** A format of dates with those options, in the zone that is chosen when it is used. */
export function dateFormat(options) {
  const local = new Intl.DateTimeFormat(undefined, options);
  const utc = new Intl.DateTimeFormat(undefined, { ...options, timeZone: 'UTC' });
  return { format: (date) => (isUtc ? utc : local).format(date) };
}

/** The day of a date, as a text that is equal for moments of the same day. */
export const dayOf = (date) => (isUtc ? date.toISOString().slice(0, 10) : date.toDateString());

/** The hour of a date, 0 to 23. */
export const hourOf = (date) => (isUtc ? date.getUTCHours() : date.getHours());

/** When the day `YYYY-MM-DD` begins, in ms since the epoch. */
export const midnight = (day) => Date.parse(`${day}T00:00:00${isUtc ? 'Z' : ''}`);

/** The same time of day as `at` (seconds since the epoch), so many days before. */
export function earlier(at, days) {
  const date = new Date(at * 1000);
  if (isUtc) date.setUTCDate(date.getUTCDate() - days);
  else date.setDate(date.getDate() - days);
  return date.getTime() / 1000;
}

/** A moment (seconds since the epoch) as an input of the type datetime-local has it. */
export function toInput(at) {
  const date = new Date(at * 1000);
  return new Date(date - (isUtc ? 0 : date.getTimezoneOffset() * 60_000)).toISOString().slice(0, 19);
}

/** The same back as seconds since the epoch; null where nothing was entered. */
export const fromInput = (value) => (value ? Date.parse(`${value}${isUtc ? 'Z' : ''}`) / 1000 : null);
