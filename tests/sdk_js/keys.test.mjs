import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';
import { SendQueue } from '../../analytics/web/sdk/queue.js';
import { split } from '../../analytics/web/sdk/origin.js';
import { fail, service } from './fake_service.mjs';

const QUICK = { flushMs: 5, retry: { base: 1, cap: 2 } };
const client = (fake, options) => new AnalyticsClient({ baseUrl: fake.url, ...QUICK, ...options });
const withKey = (url, key) => url.replace('://', `://${key}@`);

for (const [address, url, key] of [
  ['https://ak_1_x@analytics.test/', 'https://analytics.test', 'ak_1_x'],
  ['http://:ak_1_x@localhost:8099/stats', 'http://localhost:8099/stats', 'ak_1_x'],
  ['https://sender:ak_1_x@analytics.test', 'https://analytics.test', 'ak_1_x'],
  ['https://analytics.test/a@b', 'https://analytics.test/a@b', ''],
  ['/stats/', '/stats', ''],
]) {
  test(`the address ${address} is parsed`, () => assert.deepEqual(split(address), { url, key }));
}

test('the key comes from the options or the address, and is sent in a header', async (t) => {
  const fake = await service(t);
  const asked = [{}, { key: 'option' }, { baseUrl: withKey(fake.url, 'address') }, { baseUrl: withKey(fake.url, 'address'), key: 'option' }];
  for (const options of asked) {
    const analytics = client(fake, options);
    assert.equal(analytics.baseUrl, fake.url);
    assert.equal((await analytics.trackEvent('click')).status, 'accepted');
  }
  assert.deepEqual(fake.requests.map(({ key }) => key), [undefined, 'option', 'address', 'option']);
  assert.ok(fake.requests.every(({ path }) => path === '/events'));
});

test('items are kept while the key is refused, and that is reported once', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.status(401), fail.status(401), fail.status(403));
  const problems = [];
  const analytics = client(fake, { onError: (problem) => problems.push(problem) });
  assert.equal((await analytics.trackEvent('click')).status, 'accepted');
  assert.equal(fake.requests.length, 4);
  assert.deepEqual(problems.map(({ code, status, attempt }) => [code, status, attempt]), [['scripted', 401, 1]]);
  fake.behaviours.push(fail.status(403));
  assert.equal((await analytics.trackEvent('click')).status, 'accepted');
  assert.deepEqual(problems.slice(1).map(({ status }) => status), [403], 'a new denial is reported again');
});

test('after ten minutes each batch has one attempt until the key is accepted again', async (t) => {
  const fake = await service(t);
  const now = Date.now;
  let offset = 0;
  t.mock.method(Date, 'now', () => now() + offset);
  fake.behaviours.push(...Array(4).fill(fail.status(401)));
  const problems = [];
  const analytics = client(fake, { onError: (problem) => problems.push(problem) });
  const waiting = analytics.trackEvent('click');
  while (fake.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  offset = 600_000;
  const outcome = await waiting;
  assert.equal(outcome.status, 'rejected');
  assert.equal(outcome.error.status, 401);
  assert.equal(problems.length, 2, 'the denial and the rejection');
  fake.behaviours.length = 0;
  fake.behaviours.push(fail.status(401));
  assert.equal((await analytics.trackEvent('click')).status, 'rejected');
  assert.equal((await analytics.trackEvent('click')).status, 'accepted');
  fake.behaviours.push(fail.status(401), fail.status(401));
  assert.equal((await analytics.trackEvent('click')).status, 'accepted', 'items are kept again');
});

test('without onError a refused key is logged to the console', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.status(401), fail.status(401));
  const { mock } = t.mock.method(console, 'warn', () => {});
  await client(fake).trackEvent('click');
  assert.deepEqual(mock.calls.map(({ arguments: [line] }) => line), [
    `analytics: items for ${fake.url} wait: 401 As scripted. (Set onError to see each rejection.)`,
  ]);
});

test('a beacon has the key in its address, as it has no headers', () => {
  const taken = [];
  const lane = new SendQueue('http://x/events', { key: 'a&b', batchSize: 3, flushMs: 60_000, timeoutMs: 1000, onError: () => {} });
  lane.add({ id: 'a', text: '{"id":"a"}', at: Date.now(), key: null, settle: () => {} });
  lane.handOver(1000, (url) => taken.push(url));
  assert.deepEqual(taken, ['http://x/events?key=a%26b']);
  lane.abandon({ status: 'dropped' });
});
