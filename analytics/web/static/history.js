// History: the week by hour as a heat map, and 90 days as bars.

import { ask } from './api.js';
import { Chart, Group } from './chart.js';
import { byId, el, set, setText } from './dom.js';
import { count, date, day, minute, percent, plural, utc, when } from './format.js';

const LEVELS = 5;
const AGAIN_MS = 60_000;
const HOURS = [...Array(24).keys()];

export class History {
  constructor() {
    this.loadedAt = -Infinity;
    const bars = { bars: true, describe: (index) => this.#describe(index) };
    this.days = new Chart(byId('days'), new Group(() => {}), 'Requests by day', [{ label: 'requests', color: 'accent', format: count, fill: true }], bars);
    this.days.plot.addEventListener('dblclick', () => this.days.group.setZoom(null));
    byId('heat-legend').append('fewer ', ...[...Array(LEVELS + 1).keys()].map((level) => el('span', { className: `cell l${level}` })), ' more');
  }

  /** Load it, if the last time is a while ago. */
  async refresh(now = false) {
    if (!now && performance.now() - this.loadedAt < AGAIN_MS) return;
    this.loadedAt = performance.now();
    try {
      const [hourly, daily] = await Promise.all([ask('/stats/hourly', { hours: 168 }), ask('/stats/daily', { days: 90 })]);
      this.#showHours(hourly.buckets);
      this.#showDays(daily.buckets);
    } catch {
      this.loadedAt = performance.now() - AGAIN_MS + 5000;
    }
  }

  #showHours(buckets) {
    const greatest = Math.max(1, ...buckets.map((bucket) => bucket.requests));
    const rows = new Map();
    for (const bucket of buckets) {
      const at = new Date(bucket.hour);
      const key = at.toDateString();
      if (!rows.has(key)) rows.set(key, { at, cells: new Map() });
      rows.get(key).cells.set(at.getHours(), { at, bucket });
    }
    const head = el('tr', {}, el('td'), ...HOURS.map((hour) => el('th', { scope: 'col' }, hour % 3 ? el('span', { className: 'hidden' }, String(hour)) : String(hour))));
    const body = [...rows.values()].reverse().map(({ at, cells }) => el('tr', {}, el('th', { scope: 'row' }, day(at)), ...HOURS.map((hour) => cell(cells.get(hour), greatest))));
    byId('heat').replaceChildren(el('caption', { className: 'hidden' }, 'Requests of each hour, local time'), el('thead', {}, head), el('tbody', {}, ...body));
    const busiest = buckets.reduce((best, bucket) => (bucket.requests > best.requests ? bucket : best), { requests: 0 });
    const total = buckets.reduce((sum, bucket) => sum + bucket.requests, 0);
    setText(byId('heat-summary'), total ? `${plural(total, 'request')}; busiest hour ${when(new Date(busiest.hour))} with ${count(busiest.requests)}.` : 'No requests in these days.');
    set(byId('heat-summary'), 'title', total ? `busiest hour: ${utc(new Date(busiest.hour))}` : '');
  }

  #showDays(buckets) {
    this.buckets = buckets;
    const times = buckets.map((bucket) => Date.parse(`${bucket.date}T00:00:00`) / 1000); // where the reader's day begins
    const today = times.at(-1) ?? 0;
    const known = buckets.filter((bucket) => bucket.requests);
    const best = known.reduce((found, bucket) => (bucket.requests > found.requests ? bucket : found), { requests: 0 });
    const summary = known.length
      ? `${plural(known.length, 'day')} with requests; most on ${date(new Date(`${best.date}T00:00:00`))}: ${count(best.requests)}, peak hour ${minute(new Date(best.peak_hour))}, ${plural(best.unique_users, 'user')}.`
      : 'No requests in these days.';
    this.days.show([times, buckets.map((bucket) => bucket.requests)], 86_400, [today - 89 * 86_400, today + 86_400], summary, known.length ? `peak hour: ${utc(new Date(best.peak_hour))}` : '');
  }

  #describe(index) {
    const bucket = this.buckets[index];
    const peak = bucket.peak_hour ? `, peak hour ${minute(new Date(bucket.peak_hour))} with ${count(bucket.peak_requests)}` : '';
    return `${bucket.date} (UTC)${peak}, ${plural(bucket.unique_users, 'user')}, ${percent(bucket.error_rate)} errors`;
  }
}

function cell(found, greatest) {
  if (found === undefined) return el('td', { className: 'cell none' });
  const { at, bucket } = found;
  const level = bucket.requests ? Math.max(1, Math.ceil((bucket.requests / greatest) * LEVELS)) : 0;
  const title = `${when(at)}: ${plural(bucket.requests, 'request')}, ${percent(bucket.error_rate)} errors, ${plural(bucket.unique_users, 'user')} (${utc(at)})`;
  return el('td', { className: `cell l${level}`, title }, el('span', { className: 'hidden' }, count(bucket.requests)));
}
