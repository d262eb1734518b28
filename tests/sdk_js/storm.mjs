// Sends numbered events and metrics until its input closes; then prints the number of each outcome.
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';

const problems = {};
const analytics = new AnalyticsClient({
  baseUrl: process.env.BASE_URL,
  service: 'storm',
  retry: { base: 50, cap: 300 },
  timeoutMs: 2000,
  maxQueue: 1_000_000, // however long the service takes to come back
  onError: ({ code }) => (problems[code] = (problems[code] ?? 0) + 1)
});
const promises = [];
let count = 0;
const timer = setInterval(() => {
  for (let n = 0; n < 10; n += 1) {
    promises.push(analytics.trackEvent('gust', { n: count }), analytics.recordMetric('force', 1, {}, 'Bft'));
    count += 1;
  }
}, 10);

process.stdin.resume().on('end', async () => {
  clearInterval(timer);
  const awake = setInterval(() => {}, 1000); // queued items keep the program running for a few seconds only
  const outcomes = {};
  for (const { status } of await Promise.all(promises)) outcomes[status] = (outcomes[status] ?? 0) + 1;
  clearInterval(awake);
  console.log(JSON.stringify({ count, outcomes, problems, dropped: analytics.dropped }));
});
