// A loaded summary of a range, moved on and counted up by what the live connection tells. Pure.

const COUNTED = 60; // seconds of the longest buckets that are counted up: past records that arrive now are of other buckets

/** The answer of /summary with times in seconds since the epoch. */
export function parsed(answer) {
  const seconds = (text) => Date.parse(text) / 1000;
  const points = answer.points.map(({ timestamp, ...point }) => ({ at: seconds(timestamp), ...point }));
  const { endpoints } = answer;
  return {
    ...answer,
    from: seconds(answer.from),
    to: seconds(answer.to),
    since: seconds(answer.since),
    points,
    endpoints: { ...endpoints, from: seconds(endpoints.from), to: seconds(endpoints.to) },
    isKept: points.length > 0,
  };
}

/**
 * Move `summary` on to `now` if it is `isLive`, and count the increases of the counters by service in the open bucket, if it
 * is a short one.
 * Latency and users of new buckets are unknown until it is loaded again.
 */
export function advance(summary, now, rises, isLive) {
  while (isLive && now >= summary.to) shift(summary);
  if (now < summary.from || now >= summary.to || summary.points.length === 0) return;
  const place = Math.floor((now - summary.from) / summary.step);
  for (const [name, { requests, errors }] of summary.step > COUNTED ? [] : rises) {
    if (summary.service && name !== summary.service) continue;
    const row = (summary.services[name] ??= emptyRow(summary.points.length));
    row.requests_by_bucket[place] += requests;
    row.errors_by_bucket[place] += errors;
    for (const one of [row, summary.figures, summary.points[place]]) {
      one.requests += requests;
      one.errors += errors;
    }
    row.error_rate = share(row);
  }
  summary.seconds = Math.max(0, Math.min(summary.to, now) - summary.since);
  summary.figures.requests_per_second = summary.seconds ? summary.figures.requests / summary.seconds : null;
  summary.figures.error_rate = share(summary.figures);
}

/** Drop the oldest bucket, and open another one. */
function shift(summary) {
  const gone = summary.points.shift();
  summary.points.push({ at: summary.to, requests: 0, errors: 0, avg_latency_ms: null, p50_latency_ms: null, p95_latency_ms: null, p99_latency_ms: null, unique_users: null });
  for (const row of Object.values(summary.services)) {
    row.requests -= row.requests_by_bucket.shift() ?? 0;
    row.errors -= row.errors_by_bucket.shift() ?? 0;
    row.requests_by_bucket.push(0);
    row.errors_by_bucket.push(0);
    row.error_rate = share(row);
  }
  summary.figures.requests -= gone?.requests ?? 0;
  summary.figures.errors -= gone?.errors ?? 0;
  summary.from += summary.step;
  summary.to += summary.step;
  summary.since = Math.max(summary.since, summary.from);
}

/** Errors in percent of requests; null without requests. */
const share = ({ requests, errors }) => (requests > 0 ? Math.min(100, (errors / requests) * 100) : null);

function emptyRow(buckets) {
  const zeros = () => new Array(buckets).fill(0);
  return { requests: 0, errors: 0, error_rate: null, mean_latency_ms: null, p95_latency_ms: null, requests_by_bucket: zeros(), errors_by_bucket: zeros() };
}

/** Requests and errors per second of each bucket; an open one counts for the seconds that have passed. */
export function rates({ points, step }, now) {
  const seconds = ({ at }) => Math.max(1, Math.min(step, now - at));
  return { requests: points.map((point) => point.requests / seconds(point)), errors: points.map((point) => point.errors / seconds(point)) };
}

/** Minimum and maximum of the known values, or null. */
export function extremes(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? { least: Math.min(...known), greatest: Math.max(...known) } : null;
}
