// Captions and tooltips of the traffic charts. Pure.

import { count, moment, ms, rate, utc } from './format.js';
import { figures, meanRate } from './points.js';

/** Requests and errors: average and peak; the average begins at the first data. */
export function flowCaption([times, requests, errors], { range, wasBefore, ever }, step, now) {
  const [flow, failed] = [figures(requests)?.greatest, figures(errors)?.greatest];
  const wrong = failed ? `errors up to ${rate(failed)}` : 'no errors';
  if (!flow) return [ever.requests ? `No requests in the ${range.words}; ${wrong}.` : `No requests were sent so far (events of type “request”); ${wrong}.`];
  const first = wasBefore ? 0 : requests.findIndex((value) => value > 0);
  const mean = meanRate(times.slice(first), requests.slice(first), now);
  const peak = new Date(times[requests.indexOf(flow)] * 1000);
  const from = first > 0 ? ` since ${moment(new Date(times[first] * 1000), step)}` : '';
  const text = `${sentence(range.words)}: ${rate(mean)} on average${from}, peak ${rate(flow)} ${step >= 86_400 ? 'on' : 'at'} ${moment(peak, step)}; ${wrong}.`;
  return [text, `peak: ${utc(peak)}`];
}

/** Latency: the peaks of its percentiles. */
export function latencyCaption([, p50, p95, p99], { range, ever }) {
  const [low, mid, high] = [p50, p95, p99].map(figures);
  if (!low) return [ever.latency ? `No latency in the ${range.words}.` : 'No latency was sent so far (“latency” in the data of requests).'];
  return [`Peaks: p50 ${ms(low.greatest)}, p95 ${ms(mid.greatest)}, p99 ${ms(high.greatest)}`];
}

/** Users: the fewest and the most in a bucket. */
export function usersCaption([, users], { range }, step) {
  const found = figures(users);
  const bucket = { 60: 'a minute', 3600: 'an hour', 86_400: 'a day' }[step];
  return [found?.greatest ? `Distinct users ${bucket}: ${count(found.least)} to ${count(found.greatest)}.` : `No users in the ${range.words}.`];
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);
