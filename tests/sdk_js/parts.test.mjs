import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff } from '../../analytics/web/sdk/backoff.js';
import { newId } from '../../analytics/web/sdk/ids.js';
import { serviceOf } from '../../analytics/web/sdk/origin.js';
import { mergePatch } from '../../analytics/web/sdk/patch.js';

test('the service is at the origin of the script, or of the page, or on this machine', () => {
  const page = 'https://shop.test/cart?x=1';
  assert.equal(serviceOf('https://a.test/sdk/analytics.js', page), 'https://a.test');
  assert.equal(serviceOf('https://a.test/below/sdk/analytics.classic.js?v=2', page), 'https://a.test/below');
  assert.equal(serviceOf('https://cdn.test/bundle.js', page), 'https://cdn.test');
  assert.equal(serviceOf('', page), 'https://shop.test');
  assert.equal(serviceOf('file:///srv/analytics.mjs', undefined), 'http://localhost:8099');
});

test('pauses double up to a maximum, with jitter above a minimum', () => {
  const limits = { floor: 500, base: 1000, cap: 30_000 };
  const between = (attempt) => [0, 1].map((end) => backoff(attempt, { ...limits, random: () => end }));
  const ends = [0, 1, 5, 2000].map(between);
  assert.deepEqual(ends, [[500, 1000], [500, 2000], [500, 30_000], [500, 30_000]]);
});

// the examples of RFC 7396, appendix A
for (const [target, patch, result] of [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [['a', 'b'], ['c', 'd'], ['c', 'd']],
  [{ a: 'b' }, ['c'], ['c']],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]) {
  test(`${JSON.stringify(target)} patched by ${JSON.stringify(patch)}`, () => {
    assert.deepEqual(mergePatch(target, patch), result);
  });
}

test('ids differ, also without randomUUID', (t) => {
  assert.notEqual(newId(), newId());
  const { crypto } = globalThis;
  const use = (value) => Object.defineProperty(globalThis, 'crypto', { value, configurable: true });
  t.after(() => use(crypto));
  use({ getRandomValues: (bytes) => crypto.getRandomValues(bytes) });
  assert.match(newId(), /^[0-9a-f]{32}$/);
});
