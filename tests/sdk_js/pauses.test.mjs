// Retry-After and wrong clocks; the tests mostly wait, so they run concurrently.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';
import { fail, service } from './fake_service.mjs';

const QUICK = { flushMs: 5, timeoutMs: 20_000, retry: { base: 10, cap: 40 } };
const client = (fake, options) => new AnalyticsClient({ baseUrl: fake.url, ...QUICK, ...options });

describe('at the same time', { concurrency: true }, () => {
  for (const [status, header, least] of [
    [429, () => '1', 1000],
    [503, () => new Date(Date.now() + 2000).toUTCString(), 900],
  ]) {
    test(`a ${status} is retried after Retry-After`, async (t) => {
      const fake = await service(t);
      fake.behaviours.push(fail.status(status, { 'Retry-After': header() }));
      const analytics = client(fake);
      const outcome = analytics.trackEvent('click');
      await sleep(60);
      const flushed = analytics.flush();
      assert.equal((await outcome).status, 'accepted');
      await flushed;
      const [first, second] = fake.requests;
      assert.ok(second.at - first.at >= least, `${second.at - first.at} ms`);
      assert.equal(fake.requests.length, 2);
    });
  }

  test('a date in Retry-After is relative to the clock of the server', async (t) => {
    const fake = await service(t);
    const [Date, until] = ['Mon, 15 Jan 2018 00:00:00 GMT', 'Mon, 15 Jan 2018 00:00:01 GMT'];
    fake.behaviours.push(fail.status(503, { Date, 'Retry-After': until }));
    const pauses = [];
    await client(fake, { onError: ({ retryIn }) => pauses.push(retryIn) }).trackEvent('click');
    assert.ok(pauses[0] >= 1000 && pauses[0] <= 1250, `${pauses}`);
  });

  test('only items that waited have a timestamp', async (t) => {
    const fake = await service(t);
    const analytics = client(fake);
    await analytics.trackEvent('now');
    fake.behaviours.push(fail.status(503, { 'Retry-After': '2' }));
    const before = Date.now();
    await analytics.trackEvent('then');
    const [now, then] = [...fake.counted.values()];
    assert.equal(now.timestamp, undefined);
    assert.ok(Math.abs(Date.parse(then.timestamp) - before) < 5000);
  });

  test('a wrong clock loses no item', async (t) => {
    const fake = await service(t, { believesTimes: false });
    fake.behaviours.push(fail.status(503, { 'Retry-After': '1' }));
    const analytics = client(fake);
    const outcomes = await Promise.all(['then', ''].map((type) => analytics.trackEvent(type)));
    assert.deepEqual(outcomes.map(({ status }) => status), ['accepted', 'rejected']);
    assert.deepEqual([...fake.counted.values()].map(({ type, timestamp }) => [type, timestamp]), [['then', undefined]]);
  });
});

test('clients with equal Retry-After do not retry at the same time', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.status(429, { 'Retry-After': '1' }));
  t.mock.method(Math, 'random', () => 0.5);
  const pauses = [];
  await client(fake, { onError: ({ retryIn }) => pauses.push(retryIn) }).trackEvent('click');
  assert.deepEqual(pauses, [1125]);
});
