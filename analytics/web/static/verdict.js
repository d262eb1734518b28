// Verdict: a sentence with the problems of the services and since when they last. Pure: rows and problems in, text out.

import { health, urgency } from './health.js';
import { briefPercent, count, ms, plural, shorten, span, when } from './format.js';

export const NAMED = 3;
const MESSAGE = 80; // longest message in a verdict, in characters

/**
 * Parts of the verdict on the services.
 *
 * @param {Array<object>} rows rows of the snapshot.
 * @param {Map<string, {failing: object?, slow: object?}>} wrong the problems of services by name, from `Hour.wrong`
 * @param {Date} now
 * @param {number} most how many services are named.
 * @returns {{troubled: number, state: string, lead: string, parts: Array<{service: string, text: string}>, more: number}}
 */
export function verdict(rows, wrong, now = new Date(), most = NAMED) {
  const troubled = rows
    .map((row) => ({ row, found: wrong.get(row.name), urgency: urgency(row, wrong.get(row.name)) }))
    .filter(({ urgency: each }) => each > 0)
    .sort((a, b) => b.urgency - a.urgency || a.row.name.localeCompare(b.row.name));
  if (troubled.length === 0) return { troubled: 0, parts: [], more: 0, ...allWell(rows) };
  const bad = troubled.some(({ row }) => health(row.status).state === 'bad');
  const parts = troubled.slice(0, most).map(({ row, found }) => ({ service: row.name, text: trouble(row, found, now) }));
  return {
    troubled: troubled.length,
    state: bad ? 'bad' : 'warn',
    lead: troubled.length > 1 ? `${count(troubled.length)} of ${plural(rows.length, 'service')} need attention: ` : '',
    parts,
    more: troubled.length - parts.length,
  };
}

/** Start of `trouble`; null if unknown. */
export function sinceOf(row, found) {
  if (health(row.status).urgency > 0) return row.status_since ? new Date(row.status_since) : null;
  return found?.failing?.since ? new Date(found.failing.since * 1000) : null;
}

/** What is wrong with one service: "is degraded since 14:02; errors 3.4%, usually 0.06%"; empty where nothing is. */
export function trouble(row, found, now = new Date()) {
  const phrases = health(row.status).urgency > 0 ? [reported(row, now)] : [];
  if (found?.failing) phrases.push(phrases.length ? errors(found.failing) : `has ${errors(found.failing, sinceText(found.failing.since, now))}`);
  if (found?.slow) phrases.push(`${phrases.length ? 'latency' : 'is slow:'} ${latency(found.slow)}`);
  return phrases.join('; ');
}

/** The errors of the last minutes: "3.4% errors", or how many where not all of them are of requests. */
export const share = ({ share: part, errors: number, seconds }) => (part === null || part > 1 ? `${plural(number, 'error')} in ${span(seconds)}` : `${briefPercent(part * 100)} errors`);

/** The same, with `since`, beside the usual: "3.4% errors since 14:02, usually 0.06%". */
export function errors(failing, since = '') {
  const { usual } = failing;
  return share(failing) + since + (usual === null ? ' (too new to have a usual)' : `, usually ${usual ? briefPercent(usual * 100) : 'none'}`);
}

/** The average latency of the last minutes beside the usual. */
export const latency = ({ now, usual }) => `${ms(now)}, usually ${ms(usual)}`;

function reported(row, now) {
  const since = row.status_since ? ` since ${when(new Date(row.status_since), now)}` : '';
  const all = row.instances;
  const bad = all.filter(({ status }) => status === row.status);
  const of = bad.length && bad.length < all.length ? ` (${bad.length === 1 ? bad[0].instance : count(bad.length)} of ${count(all.length)} instances)` : '';
  const message = row.message ?? '';
  const why = message ? `, “${shorten(message, MESSAGE)}”` : '';
  return `is ${row.status}${since}${of}${why}`;
}

const sinceText = (since, now) => (since ? ` since ${when(new Date(since * 1000), now)}` : '');

function allWell(rows) {
  const of = (status) => rows.filter((row) => row.status === status).length;
  const [healthy, paused] = [of('healthy'), of('maintenance')];
  const silent = rows.length - healthy - paused;
  if (rows.length === 0) return { state: 'idle', lead: 'Waiting for the first event…' };
  if (healthy === rows.length) {
    return { state: 'good', lead: rows.length === 1 ? 'The one service is healthy.' : `All ${plural(healthy, 'service')} healthy.` };
  }
  const phrases = [];
  if (healthy) phrases.push(`${plural(healthy, 'service')} healthy`);
  if (paused) phrases.push(`${count(paused)} in maintenance`);
  if (silent) phrases.push(healthy || paused ? `${count(silent)} without heartbeats` : `${plural(silent, 'service')} seen, without heartbeats yet`);
  return { state: healthy ? 'good' : 'idle', lead: `${phrases.join(', ')}; nothing unusual.` };
}
