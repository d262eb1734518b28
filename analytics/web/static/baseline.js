// Baseline of the overview's figures: their usual values before the current trouble began.

import { ask, iso } from './api.js';
import { health } from './health.js';
import { endedBefore, usualFigures } from './usual.js';

const HOURS = 7 * 24;
const FEWEST_MINUTES = 10;
const MINUTELY = [['requests', 'sum'], ['errors', 'sum'], ['latency', 'avg']];

/**
 * What was usual before the present trouble began, by the name of the figure: the median of the hours of the last week, or
 * at first of the minutes of the last hour. `about` describes the source of each figure.
 */
export async function usualBefore(now, services, wrong) {
  const start = Math.min(now, ...troubles(services, wrong).filter((at) => at > now - 86_400)); // longer trouble is the usual
  const [{ buckets }, ...minutes] = await Promise.all([
    ask('/stats/hourly', { hours: HOURS }),
    ...MINUTELY.map(([name, agg]) => ask('/series', { name, agg, step: 60, from: iso(now - 3540), to: iso(now) })),
  ]);
  return usualOf(hoursOf(buckets), minutesOf(minutes), [start, now]);
}

/** Start of each current trouble, in seconds. */
const troubles = (services, wrong) =>
  Object.values(services).flatMap((row) => [
    ...(health(row.status).urgency > 0 && row.status_since ? [Date.parse(row.status_since) / 1000] : []),
    ...(wrong.get(row.name)?.failing?.since ? [wrong.get(row.name).failing.since] : []),
  ]);

const hoursOf = (buckets) => buckets.map((one) => ({ at: Date.parse(one.hour) / 1000, seconds: 3600, requests: one.requests, errors: one.errors, latency: one.avg_latency_ms }));

const minutesOf = ([requests, errors, latency]) =>
  requests.points.map(({ timestamp, value }, index) => ({ at: Date.parse(timestamp) / 1000, seconds: 60, requests: value, errors: errors.points[index]?.value ?? 0, latency: latency.points[index]?.value ?? null }));

/** Usual value of each figure before the first of `ends` that has enough data before it. */
function usualOf(hours, minutes, ends) {
  const found = { about: {} };
  for (const end of ends) {
    const sources = [
      [usualFigures(endedBefore(end, hours)), 'the median of the hours with requests of the last 7 days'],
      [usualFigures(endedBefore(end, minutes), FEWEST_MINUTES), 'the median of the minutes with requests of the last hour'],
    ];
    for (const [figures, about] of sources) {
      for (const [name, value] of Object.entries(figures)) {
        if ((found[name] ?? null) !== null) continue;
        found[name] = value;
        found.about[name] = about;
      }
    }
  }
  return found;
}
