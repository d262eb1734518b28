// The sentence at the top: is anything wrong, where, since when. Pure: rows and error ratios in, words out.

import { health, urgency } from './health.js';
import { count, plural, span, times, when } from './format.js';

const NAMED = 3;

/**
 * What to say of the services.
 *
 * @param {Array<object>} rows rows of the snapshot.
 * @param {Map<string, {ratio: number, errors: number, seconds: number, since: number?}>} unusual services whose errors are far above usual.
 * @param {Date} now
 * @returns {{troubled: number, state: string, lead: string, parts: Array<{service: string, text: string}>, tail: string}}
 */
export function verdict(rows, unusual, now = new Date()) {
  const troubled = rows
    .map((row) => ({ row, errors: unusual.get(row.name), urgency: urgency(row, unusual.get(row.name)) }))
    .filter((found) => found.urgency > 0)
    .sort((a, b) => b.urgency - a.urgency || a.row.name.localeCompare(b.row.name));
  if (troubled.length === 0) return { troubled: 0, parts: [], tail: '', ...allWell(rows) };
  const bad = troubled.some(({ row }) => health(row.status).state === 'bad');
  const parts = troubled.slice(0, NAMED).map(({ row, errors }) => ({ service: row.name, text: trouble(row, errors, now) }));
  const more = troubled.length - parts.length;
  return {
    troubled: troubled.length,
    state: bad ? 'bad' : 'warn',
    lead: troubled.length > 1 ? `${count(troubled.length)} of ${plural(rows.length, 'service')} need attention: ` : '',
    parts,
    tail: more ? `, and ${count(more)} more` : '',
  };
}

/** Since when `trouble` says so; null where nobody can tell. */
export function sinceOf(row, errors) {
  if (health(row.status).urgency > 0) return row.status_since ? new Date(row.status_since) : null;
  return errors?.since ? new Date(errors.since * 1000) : null;
}

/** What is wrong with one service: "is degraded since 14:02; errors 4 × its usual". */
export function trouble(row, errors, now = new Date()) {
  const said = [];
  if (health(row.status).urgency > 0) {
    said.push(`is ${row.status}${row.status_since ? ` since ${when(new Date(row.status_since), now)}` : ''}`);
  }
  if (errors) said.push(elevated(errors, said.length === 0, now));
  return said.join('; ');
}

function elevated({ ratio, errors, seconds, since }, alone, now) {
  const compared = Number.isFinite(ratio) ? `errors ${times(ratio)} its usual` : `${plural(errors, 'error')} in ${span(seconds)}, usually none`;
  return alone ? `has ${compared}${since ? ` since ${when(new Date(since * 1000), now)}` : ''}` : compared;
}

function allWell(rows) {
  const of = (status) => rows.filter((row) => row.status === status).length;
  const [healthy, paused] = [of('healthy'), of('maintenance')];
  const silent = rows.length - healthy - paused;
  if (rows.length === 0) return { state: 'idle', lead: 'Waiting for the first event…' };
  if (healthy === rows.length) {
    return { state: 'good', lead: rows.length === 1 ? 'The one service is healthy.' : `All ${plural(healthy, 'service')} healthy.` };
  }
  const said = [];
  if (healthy) said.push(`${plural(healthy, 'service')} healthy`);
  if (paused) said.push(`${count(paused)} in maintenance`);
  if (silent) said.push(healthy || paused ? `${count(silent)} without heartbeats` : `${plural(silent, 'service')} seen, without heartbeats yet`);
  return { state: healthy ? 'good' : 'idle', lead: `${said.join(', ')}; errors as usual.` };
}
