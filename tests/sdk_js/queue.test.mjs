import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';
import { FakeService, fail, service } from './fake_service.mjs';

const QUICK = { flushMs: 5, retry: { base: 5, cap: 20 } };
const client = (fake, options) => new AnalyticsClient({ baseUrl: fake.url, ...QUICK, ...options });

test('ten thousand items wait for an unreachable service, and more are dropped and reported', async () => {
  const fake = await new FakeService().start();
  const { port } = fake;
  await fake.stop();
  const drops = [];
  const analytics = client(fake, { onDropped: (drop) => drops.push(drop) });
  const track = (_, n) => (n % 2 ? analytics.trackEvent('e', { n }) : analytics.recordMetric('m', n));
  const promises = Array.from({ length: 10_002 }, track);
  const late = await Promise.all(promises.slice(-2));
  assert.deepEqual(late.map(({ error }) => error.code), ['queue_full', 'queue_full']);
  assert.deepEqual(drops, late.map(({ id }, place) => ({ dropped: place + 1, reason: 'queue_full', id })));
  assert.equal(analytics.waiting, 10_000);
  await fake.start(port);
  const outcomes = await Promise.all(promises.slice(0, -2));
  assert.ok(outcomes.every(({ status }) => status === 'accepted'));
  assert.equal(fake.counted.size, 10_000);
  assert.equal(analytics.waiting, 0);
  assert.equal((await analytics.trackEvent('again')).status, 'accepted');
  await fake.stop();
});

test('flush sends immediately', async (t) => {
  const fake = await service(t);
  const analytics = client(fake, { flushMs: 60_000 });
  const promises = [analytics.trackEvent('e'), analytics.recordMetric('m', 1), analytics.heartbeat('s', 'healthy')];
  await analytics.flush();
  assert.equal(analytics.waiting, 0);
  assert.deepEqual((await Promise.all(promises)).map(({ status }) => status), Array(3).fill('accepted'));
  await analytics.close();
});

test('flush of an empty queue ends at once, and later items are batched again', async (t) => {
  const fake = await service(t);
  const analytics = client(fake, { flushMs: 40 });
  await analytics.flush();
  await Promise.all([analytics.trackEvent('e'), analytics.trackEvent('e')]);
  assert.equal(fake.requests.length, 1);
});

test('close sends queued items, and later ones are dropped', async (t) => {
  const fake = await service(t);
  const drops = [];
  const analytics = client(fake, { flushMs: 60_000, onDropped: (drop) => drops.push(drop) });
  const promise = analytics.trackEvent('e');
  await analytics.close();
  assert.equal((await promise).status, 'accepted');
  assert.equal((await analytics.trackEvent('late')).error.code, 'closed');
  assert.deepEqual(drops.map(({ reason }) => reason), ['closed']);
});

test('close drops items that a hanging service does not accept', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.hang);
  const hungUp = new Promise((resolve) => fake.server.once('connection', (socket) => socket.once('close', resolve)));
  const analytics = client(fake, { timeoutMs: 600_000 });
  const promise = analytics.trackEvent('e');
  await analytics.close({ timeoutMs: 50 });
  await hungUp;
  assert.deepEqual(await promise.then(({ status, error }) => [status, error.code]), ['dropped', 'closed']);
  assert.equal(analytics.dropped, 1);
});

test('a callback that tracks drops does not recurse', async (t) => {
  const fake = await service(t);
  const drops = [];
  const onDropped = ({ dropped }) => drops.push([dropped, analytics.trackEvent('dropped')]);
  const analytics = client(fake, { maxQueue: 1, onDropped });
  await Promise.all([analytics.trackEvent('e'), analytics.trackEvent('full'), analytics.trackEvent('full')]);
  await Promise.all(drops.map(([, promise]) => promise));
  assert.deepEqual([drops.map(([dropped]) => dropped), analytics.dropped], [[1, 2], 4]);
});

test('errors of callbacks are logged and do not affect the client', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.status(500));
  t.mock.method(console, 'error', () => {});
  const throws = () => {
    throw new Error('mine');
  };
  const rejects = async () => throws();
  const analytics = client(fake, { onError: throws, onDropped: rejects, maxQueue: 1 });
  const outcomes = await Promise.all([analytics.trackEvent('e'), analytics.trackEvent('full')]);
  assert.deepEqual(outcomes.map(({ status }) => status), ['accepted', 'dropped']);
  assert.equal(console.error.mock.callCount(), 2);
});
