import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnalyticsClient } from '../../analytics/web/sdk/analytics.js';
import { service } from './fake_service.mjs';

const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/;

/** Stands for a page: `globalThis` gets these properties until the test ends. */
function page(t, properties) {
  for (const [name, value] of Object.entries(properties)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
}

/** A client, and the bodies it has sent to a path. */
function stage(t, options = {}) {
  const sent = [];
  page(t, {
    fetch: async (url, { body, headers } = {}) => {
      sent.push({ url: String(url), headers: new Headers(headers), items: body ? JSON.parse(body) : [] });
      const { length } = sent.at(-1).items;
      return new Response(JSON.stringify({ accepted: length, duplicates: 0, rejected: 0, errors: [] }));
    },
  });
  const alive = setInterval(() => {}, 1000); // timers of the client do not keep a program alive
  t.after(() => clearInterval(alive));
  const client = new AnalyticsClient({ baseUrl: 'http://service.test', flushMs: 1, ...options });
  return { client, sent, items: () => sent.flatMap(({ items }) => items) };
}

test('a captured error is an event with name, message, stack and trace', async (t) => {
  const { client, items } = stage(t);
  await client.captureError(new TypeError('no such thing'), { order: 7 }, 'user-1');
  const [{ type, user_id: user, data }] = items();
  assert.deepEqual([type, user, data.error, data.message, data.order], ['error', 'user-1', 'TypeError', 'no such thing', 7]);
  assert.match(data.stack, /errors\.test\.mjs/);
  assert.equal(data.trace_id, client.traceId);
  assert.equal(data.handled, true);
  await client.close();
});

test('whatever is thrown can be captured', async (t) => {
  const { client, items } = stage(t);
  const odd = [undefined, null, 'text', 7, Symbol('s'), {}, Object.create(null)];
  for (const error of odd) assert.equal((await client.captureError(error)).status, 'accepted');
  assert.equal(items().length, odd.length);
  await client.close();
});

test('unhandled errors and rejections of a page are captured until the client is closed', async (t) => {
  const target = new EventTarget();
  page(t, {
    document: {},
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
  });
  const { client, items } = stage(t);
  client.captureUnhandled();
  const raise = (type, details) => target.dispatchEvent(Object.assign(new Event(type), details));
  raise('error', { error: new RangeError('too far'), message: 'too far', filename: 'a.js', lineno: 3 });
  raise('unhandledrejection', { reason: 'a text' });
  raise('error', {}); // an image that was not loaded
  for (let n = 0; n < 100; n += 1) raise('error', { error: new Error('in a loop'), message: 'in a loop' });
  await client.flush();
  const data = items().map((item) => item.data);
  assert.deepEqual(
    data.slice(0, 2).map(({ error, message, origin, handled }) => [error, message, origin, handled]),
    [['RangeError', 'too far', 'error', false], ['string', 'a text', 'unhandledrejection', false]],
  );
  assert.equal(data.length, 12);
  await client.close();
  raise('error', { error: new Error('later'), message: 'later' });
  assert.equal(client.dropped, 0);
});

test('web vitals are metrics, and a package that is missing is reported', async (t) => {
  const problems = [];
  const { client, items } = stage(t, { onError: (problem) => problems.push(problem.code) });
  const watch = (name, value) => (report) => report({ name, value, rating: 'good' });
  await client.captureWebVitals(async () => ({ onLCP: watch('LCP', 1200), onINP: watch('INP', 40), onCLS: watch('CLS', 0.02) }));
  await client.flush();
  assert.deepEqual(
    items().map(({ name, value, unit, kind, tags }) => [name, value, unit, kind, tags.rating]),
    [
      ['web_vitals_lcp', 1200, 'ms', 'histogram', 'good'],
      ['web_vitals_inp', 40, 'ms', 'histogram', 'good'],
      ['web_vitals_cls', 0.02, '', 'histogram', 'good'],
    ],
  );
  await client.captureWebVitals(() => Promise.reject(new Error('not there')));
  assert.deepEqual(problems, ['no_web_vitals']);
  await client.close();
});

test('requests to own origins carry the trace, others and those that have one do not', async (t) => {
  const { client, sent } = stage(t);
  const before = globalThis.fetch;
  client.traceFetch(['https://shop.test']);
  const own = 'traceparent of the page itself';
  await fetch('https://shop.test/a', { headers: { accept: 'text/plain' } });
  await fetch(new Request('https://shop.test/b', { headers: { accept: 'text/html' } }));
  await fetch(new URL('https://other.test/c'));
  await fetch('https://shop.test/d', { headers: { traceparent: own } });
  const headers = sent.map(({ headers: each }) => each.get('traceparent'));
  assert.equal(TRACEPARENT.exec(headers[0])[1], client.traceId);
  assert.equal(TRACEPARENT.exec(headers[1])[1], client.traceId);
  assert.notEqual(headers[0], headers[1]);
  assert.deepEqual(headers.slice(2), [null, own]);
  assert.deepEqual(sent.slice(0, 2).map(({ headers: each }) => each.get('accept')), ['text/plain', 'text/html']);
  await client.close();
  assert.equal(globalThis.fetch, before);
});

test('events go to a real service while fetch is traced', async (t) => {
  const fake = await service(t);
  const client = new AnalyticsClient({ baseUrl: fake.url, flushMs: 1 });
  client.traceFetch([fake.url]);
  assert.equal((await client.captureError(new Error('no'))).status, 'accepted');
  await client.close();
});
