import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';
import { FakeService, fail, service } from './fake_service.mjs';

const QUICK = { flushMs: 5, timeoutMs: 20_000, retry: { base: 10, cap: 40 } };
const client = (fake, options) => new AnalyticsClient({ baseUrl: fake.url, ...QUICK, ...options });
const receipt = (accepted, rejected = 0, errors = []) => JSON.stringify({ accepted, duplicates: 0, rejected, errors });

for (const [name, behaviour, code] of [
  ['an error of the service', fail.status(500), 'scripted'],
  ['a proxy that has no service', fail.status(502, {}, '<h1>Bad gateway</h1>'), 'http_502'],
  ['a page in the place of an answer', fail.status(200, {}, '<h1>Log in</h1>'), 'http_200'],
  ['a receipt that breaks off', fail.status(200, {}, '{"accepted": 1'), 'http_200'],
  ['an answer that breaks off', fail.short, 'network_error'],
  ['a message in the place of a receipt', fail.status(200, {}, '{"message":"hello"}'), 'http_200'],
  ['a receipt of something else', fail.status(200, {}, receipt(2)), 'http_200'],
  ['a receipt that rejects and does not say which', fail.status(200, {}, receipt(0, 1)), 'http_200'],
  ['a receipt with errors that are none', fail.status(200, {}, receipt(0, 1, [null])), 'http_200'],
  ['a receipt with an error about nothing', fail.status(200, {}, receipt(0, 1, [{ index: 1 }])), 'http_200'],
  ['a failure that looks like a receipt', fail.status(500, {}, receipt(1)), 'http_500'],
  ['a body that came too slowly', fail.status(408), 'scripted'],
  ['a service that hangs', fail.hang, 'timeout'],
  ['a connection that breaks', fail.reset, 'network_error'],
]) {
  test(`after ${name} an item is retried`, async (t) => {
    const fake = await service(t);
    fake.behaviours.push(behaviour, behaviour);
    const problems = [];
    const options = code === 'timeout' ? { timeoutMs: 400 } : {};
    const outcome = await client(fake, { ...options, onError: (problem) => problems.push(problem) }).trackEvent('click');
    assert.equal(outcome.status, 'accepted');
    assert.equal(fake.requests.length, 3);
    assert.deepEqual(new Set(fake.requests.map(({ items }) => items[0].id)), new Set([outcome.id]));
    assert.deepEqual(problems.map((problem) => [problem.code, problem.attempt]), [[code, 1], [code, 2]]);
  });
}

test('items whose answer was lost are not counted again', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.resetAfterwards);
  const outcomes = await Promise.all([1, 2, 3].map(() => client(fake).trackEvent('click')));
  assert.equal(fake.counted.size, 3);
  assert.equal(outcomes.filter(({ status }) => status === 'duplicate').length, 1);
});

test('a retry with new items distinguishes duplicates from new items', async (t) => {
  const fake = await service(t);
  const later = [];
  const onError = ({ retryIn }) => retryIn !== undefined && later.push(...['new', ''].map((type) => analytics.trackEvent(type)));
  const analytics = client(fake, { onError });
  fake.behaviours.push(fail.resetAfterwards);
  const old = await Promise.all([analytics.trackEvent('old'), analytics.trackEvent('old')]);
  const outcomes = [...old, ...(await Promise.all(later))];
  assert.deepEqual(fake.requests.map(({ items }) => items.length), [2, 4]);
  assert.deepEqual(outcomes.map(({ status }) => status), ['duplicate', 'duplicate', 'accepted', 'rejected']);
});

test('items refused temporarily are accepted later', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.status(503), fail.status(500));
  assert.equal((await client(fake).trackEvent('click')).status, 'accepted');
});

test('pauses grow and are random', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(...Array(6).fill(fail.status(500)));
  const pauses = [];
  const onError = ({ retryIn }) => pauses.push(retryIn);
  await client(fake, { onError, retry: { base: 8, cap: 64 } }).trackEvent('click');
  assert.equal(pauses.length, 6);
  pauses.forEach((pause, attempt) => assert.ok(pause <= Math.min(64, 8 * 2 ** attempt), `${pauses}`));
});

test('an item that makes the service fail does not delay others', async (t) => {
  const fake = await service(t);
  const analytics = client(fake, { retry: { base: 1, cap: 2 } });
  const promises = Array.from({ length: 8 }, (_, n) => analytics.trackEvent('click', { n, fault: n === 5 }));
  const [faulty] = promises.splice(5, 1);
  await Promise.all(promises);
  const sent = fake.requests.length;
  const later = await Promise.all([1, 2, 3].map(() => analytics.trackEvent('later')));
  assert.ok(later.every(({ status }) => status === 'accepted'));
  const mixed = fake.requests.slice(sent).filter(({ items }) => items.length > 1 && items.some(({ data }) => data?.fault));
  assert.deepEqual([mixed.length, analytics.waiting], [0, 1]);
  fake.isFaulty = false;
  assert.equal((await faulty).status, 'accepted');
  assert.equal(fake.counted.size, 11);
});

test('after an outage, the service gets each item once', async (t) => {
  const fake = await service(t);
  const { port } = fake;
  const analytics = client(fake, { timeoutMs: 400 });
  const promises = [];
  for (let n = 0; n < 3000; n += 1) {
    promises.push(analytics.trackEvent('click', { n }));
    if (n === 1000) await fake.stop();
    if (n === 2000) await sleep(50);
    if (n % 100 === 0) await sleep(1);
  }
  await fake.start(port);
  const busy = fail.status(429, { 'Retry-After': '0' });
  fake.behaviours.push(fail.resetAfterwards, fail.status(500), fail.hang, busy, fail.reset);
  const outcomes = await Promise.all(promises);
  assert.ok(outcomes.every(({ status }) => status === 'accepted' || status === 'duplicate'));
  assert.deepEqual([...fake.counted.values()].map(({ data }) => data.n), Array.from({ length: 3000 }, (_, n) => n));
});

test('an unreachable service is reported and does no harm', async () => {
  const fake = await new FakeService().start();
  await fake.stop();
  let onError;
  const problem = new Promise((resolve) => (onError = resolve)); // the first one
  const analytics = client(fake, { onError });
  const promise = analytics.trackEvent('click');
  const awake = setTimeout(() => {}, 30_000); // queued items do not keep the program running
  const { code } = await problem;
  clearTimeout(awake);
  await analytics.close({ timeoutMs: 100 });
  assert.equal((await promise).error.code, 'closed');
  assert.equal(code, 'network_error');
});
