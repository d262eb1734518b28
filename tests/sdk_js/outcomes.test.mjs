import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';
import { fail, service } from './fake_service.mjs';

const QUICK = { flushMs: 10, retry: { base: 1, cap: 2 } };
const client = (fake, options) => new AnalyticsClient({ baseUrl: fake.url, ...QUICK, ...options });
const statuses = (outcomes) => outcomes.map(({ status }) => status);

test('the examples of the contract work unchanged', async (t) => {
  const fake = await service(t);
  const analytics = new AnalyticsClient({ baseUrl: fake.url });
  await analytics.trackPageView('/products', 'user-123');
  await analytics.trackPurchase('ORDER-456', 99.99, 'user-123');
  await analytics.recordMetric('page_load_time', 1250, { page: '/products' });
  const [view, purchase, metric] = [...fake.counted.values()].map(({ id, ...item }) => item);
  assert.deepEqual(view, { type: 'page_view', service: 'frontend', user_id: 'user-123', data: { page: '/products' } });
  assert.deepEqual(purchase.data, { order_id: 'ORDER-456', total: 99.99, currency: 'USD' });
  assert.deepEqual(metric, {
    name: 'page_load_time', value: 1250, unit: 'ms', tags: { service: 'frontend', page: '/products' },
  });
});

test('metrics may have a kind and an instance', async (t) => {
  const fake = await service(t);
  const analytics = client(fake);
  await analytics.recordMetric('jobs', 2, {}, '', { kind: 'counter', instance: 'worker-1' });
  const [{ id, ...metric }] = [...fake.counted.values()];
  assert.deepEqual(metric, {
    name: 'jobs', value: 2, unit: '', kind: 'counter', instance: 'worker-1', tags: { service: 'frontend' },
  });
});

test('the default address is this machine', () => {
  assert.equal(new AnalyticsClient().baseUrl, 'http://localhost:8099');
});

test('user ids may be numbers or missing', async (t) => {
  const fake = await service(t);
  const analytics = client(fake);
  await Promise.all([42, null, undefined].map((user) => analytics.trackPageView('/', user)));
  assert.deepEqual([...fake.counted.values()].map(({ user_id }) => user_id), ['42', null, null]);
});

test('items tracked together are sent together, a hundred at a time', async (t) => {
  const fake = await service(t);
  const analytics = client(fake);
  const outcomes = await Promise.all(Array.from({ length: 250 }, (_, n) => analytics.trackEvent('click', { n })));
  assert.deepEqual(fake.requests.map(({ items }) => items.length), [100, 100, 50]);
  assert.ok(outcomes.every(({ status, id }) => status === 'accepted' && fake.counted.has(id)));
  assert.deepEqual([...fake.counted.values()].map(({ data }) => data.n), Array.from({ length: 250 }, (_, n) => n));
});

test('by default a single item is sent after 250 ms, and a hundred immediately', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { mock } = t.mock.method(globalThis, 'fetch', () => new Promise(() => {}));
  const analytics = new AnalyticsClient();
  analytics.trackEvent('alone');
  t.mock.timers.tick(249);
  assert.equal(mock.callCount(), 0);
  t.mock.timers.tick(1);
  assert.equal(mock.callCount(), 1);
  for (let n = 0; n < 100; n += 1) analytics.recordMetric('m', n);
  t.mock.timers.tick(0);
  assert.equal(mock.callCount(), 2);
  assert.equal(JSON.parse(mock.calls[1].arguments[1].body).length, 100);
  t.mock.timers.reset();
  await analytics.close({ timeoutMs: 1 }); // or the program tries to send them for seconds before it ends
});

test('each promise settles with its own outcome', async (t) => {
  const fake = await service(t);
  const problems = [];
  const analytics = client(fake, { onError: (problem) => problems.push(problem) });
  const outcomes = await Promise.all(['a', '', 'b'].map((type) => analytics.trackEvent(type)));
  assert.deepEqual(statuses(outcomes), ['accepted', 'rejected', 'accepted']);
  assert.deepEqual(outcomes[1].error, { code: 'validation_failed', message: 'Must not be empty.', field: 'type' });
  assert.deepEqual(problems, [{ ...outcomes[1].error, id: outcomes[1].id }]);
});

test('a batch that is too large is sent in halves', async (t) => {
  const fake = await service(t, { maxBody: 1000 });
  const analytics = client(fake);
  const outcomes = await Promise.all(Array.from({ length: 40 }, (_, n) => analytics.trackEvent('click', { n })));
  assert.deepEqual(new Set(statuses(outcomes)), new Set(['accepted']));
  assert.equal(fake.counted.size, 40);
  assert.ok(fake.requests.length < 40);
});

test('an item that is too large is rejected, and others are not', async (t) => {
  const fake = await service(t, { maxBody: 1000 });
  const analytics = client(fake);
  const data = [{}, { text: 'x'.repeat(2000) }, {}];
  const outcomes = await Promise.all(data.map((each) => analytics.trackEvent('note', each)));
  assert.deepEqual(statuses(outcomes), ['accepted', 'rejected', 'accepted']);
  assert.equal(outcomes[1].error.code, 'body_too_large');
});

test('an error for the whole batch rejects its items with the reason', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.status(404));
  const analytics = client(fake);
  const outcomes = await Promise.all([1, 2].map(() => analytics.recordMetric('m', 1)));
  const error = { code: 'scripted', message: 'As scripted.', status: 404 };
  assert.deepEqual(outcomes.map((outcome) => outcome.error), [error, error]);
  assert.equal(fake.requests.length, 1);
});

test('items that cannot be sent are rejected at once', async (t) => {
  const fake = await service(t);
  const analytics = client(fake);
  const outcomes = await Promise.all([
    analytics.trackEvent('view', {}, Object.create(null)),
    analytics.trackEvent('book', { text: 'x'.repeat(65_536) }),
  ]);
  assert.deepEqual(outcomes.map(({ error }) => error.code), ['not_json', 'too_large']);
  assert.equal(fake.requests.length, 0);
});

test('an unreadable value affects only itself', async (t) => {
  const fake = await service(t);
  const analytics = client(fake);
  const hostile = { get zone() { throw new Error('hands off'); } };
  const outcomes = await Promise.all([analytics.trackEvent('big', { n: 1n }), analytics.recordMetric('m', 1, hostile)]);
  assert.deepEqual(outcomes.map(({ status }) => status), ['accepted', 'accepted']);
});

test('of queued heartbeats only the newest of each service is sent', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.status(500));
  const analytics = client(fake);
  const outcomes = await Promise.all([
    analytics.heartbeat('a', 'healthy'),
    analytics.heartbeat('a', 'degraded'),
    analytics.heartbeat('b', 'healthy', { request_count: 5 }),
    analytics.heartbeat('a', 'healthy', { request_count: 7 }),
  ]);
  assert.deepEqual(statuses(outcomes), ['dropped', 'dropped', 'accepted', 'accepted']);
  assert.equal(outcomes[0].error.code, 'superseded');
  assert.equal(analytics.dropped, 0);
  const sent = fake.requests.map(({ items }) => [items.service, items.metrics.request_count]);
  assert.deepEqual(sent, [['b', 5], ['b', 5], ['a', 7]]);
});
