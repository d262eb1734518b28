// Captions and tooltips of the traffic charts, each with the range it is about. Pure.

import { count, moment, ms, rate, utc } from './format.js';
import { aStep } from './range.js';
import { extremes, rates } from './summary.js';

/** Requests and errors: average and peak; the average begins at the first data. */
export function flowCaption({ range, now: found, other, then }, ever, now) {
  const { requests, errors } = rates(found, now);
  const [flow, failed] = [extremes(requests)?.greatest, extremes(errors)?.greatest];
  const wrong = failed ? `errors up to ${rate(failed)}` : 'no errors';
  const before = other && then?.isKept ? ` Dashed: ${other.words}, ${rate(then.figures.requests_per_second)} on average.` : '';
  if (!flow) return [`${ever.requests ? `No requests ${range.within}` : 'No requests were sent so far (events of type “request”)'}; ${wrong}.${before}`];
  const peak = new Date(found.points[requests.indexOf(flow)].at * 1000);
  const since = found.since > found.from ? ` since ${moment(new Date(found.since * 1000), found.step)}` : '';
  const at = `${found.step >= 86_400 ? 'on' : 'at'} ${moment(peak, found.step)}`;
  return [`${sentence(range.words)}: ${rate(found.figures.requests_per_second)} on average${since}, peak ${rate(flow)} ${at}; ${wrong}.${before}`, `peak: ${utc(peak)}`];
}

/** Latency: its average and percentiles over the range. */
export function latencyCaption({ range, now: { figures }, other, then }, ever) {
  const before = other && then?.isKept && then.figures.p95_latency_ms !== null ? ` Dotted: p95 of ${other.words}, ${ms(then.figures.p95_latency_ms)}.` : '';
  if (figures.p50_latency_ms === null) return [(ever.latency ? `No latency ${range.within}.` : 'No latency was sent so far (“latency” in the data of requests).') + before];
  const [p50, p95, p99] = [figures.p50_latency_ms, figures.p95_latency_ms, figures.p99_latency_ms].map(ms);
  return [`${sentence(range.words)}: p50 ${p50}, p95 ${p95}, p99 ${p99}, greatest ${ms(figures.max_latency_ms)}.${before}`];
}

/** Users: how many there were in all, and the fewest and the most in a bucket. */
export function usersCaption({ range, now: { points, figures, step }, other, then }) {
  const found = extremes(points.map((point) => point.unique_users));
  const before = other && then?.isKept ? ` Dashed: ${other.words}, ${count(then.figures.unique_users)}${then.step === step ? '' : ' in all'}.` : '';
  if (!figures.unique_users) return [`No users ${range.within}.${before}`];
  const most = found === null ? 'those of one service are kept by the minute' : `${count(found.least)} to ${count(found.greatest)} ${aStep(step)}`;
  return [`${sentence(range.words)}: ${count(figures.unique_users)} distinct; ${most}.${before}`];
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);
