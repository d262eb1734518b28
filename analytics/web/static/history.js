// History: the week by hour, and 90 days as bars.

import { ask } from './api.js';
import { Chart } from './chart.js';
import { Group } from './chartgroup.js';
import { byId } from './dom.js';
import { count, date, minute, percent, plural, utc } from './format.js';
import { errorRate } from './health.js';
import { Heat } from './heat.js';
import { snapped } from './range.js';
import { midnight } from './zone.js';

const AGAIN_MS = 60_000;

export class History {
  /** `onChoose` is called with a range in seconds that was chosen in it. */
  constructor(onChoose) {
    this.loadedAt = -Infinity;
    this.heat = new Heat(onChoose);
    const bars = { bars: true, describe: (index) => this.#describe(index) };
    this.days = new Chart(byId('days'), new Group((zoom) => zoom && onChoose(...Object.values(snapped(...zoom, 86_400)))), 'Requests by day', [{ label: 'requests', color: 'accent', format: count, fill: true }], bars);
  }

  /** Load it, if the last time is a while ago. */
  async refresh(now = false) {
    if (!now && performance.now() - this.loadedAt < AGAIN_MS) return;
    this.loadedAt = performance.now();
    try {
      const [hourly, daily] = await Promise.all([ask('/stats/hourly', { hours: 168 }), ask('/stats/daily', { days: 90 })]);
      this.heat.show(hourly.buckets);
      this.#showDays(daily.buckets);
    } catch {
      this.loadedAt = performance.now() - AGAIN_MS + 5000;
    }
  }

  #showDays(buckets) {
    this.buckets = buckets;
    const times = buckets.map((bucket) => midnight(bucket.date) / 1000); // where the reader's day begins
    const today = times.at(-1) ?? 0;
    const known = buckets.filter((bucket) => bucket.requests);
    const best = known.reduce((found, bucket) => (bucket.requests > found.requests ? bucket : found), { requests: 0 });
    const summary = known.length
      ? `${plural(known.length, 'day')} with requests; most on ${date(new Date(midnight(best.date)))}: ${count(best.requests)}, peak hour ${minute(new Date(best.peak_hour))}, ${plural(best.unique_users, 'user')}.`
      : 'No requests in these days.';
    this.days.show([times, buckets.map((bucket) => bucket.requests)], 86_400, [today - 89 * 86_400, today + 86_400], summary, known.length ? `peak hour: ${utc(new Date(best.peak_hour))}` : '');
  }

  #describe(index) {
    const bucket = this.buckets[index];
    const peak = bucket.peak_hour ? `, peak hour ${minute(new Date(bucket.peak_hour))} with ${count(bucket.peak_requests)}` : '';
    return `${bucket.date} (UTC)${peak}, ${plural(bucket.unique_users, 'user')}, ${percent(errorRate(bucket))} errors`;
  }
}
