import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonOf } from '../../analytics/web/sdk/plain.js';

const roundTrip = (value) => JSON.parse(jsonOf(value));

test('JSON values are written like by JSON.stringify', () => {
  for (const value of [null, true, 'é 😀 \\ud83d "x"', 1.5, [1, [2]], { a: { b: [] } }, new Date(0), { toJSON: () => [1] }]) {
    assert.equal(jsonOf(value), JSON.stringify(value));
  }
  assert.deepEqual(roundTrip({ gone: undefined, list: [undefined] }), { list: [null] });
});

test('values without a JSON form become a descriptive text', () => {
  const circle = { name: 'c' };
  circle.self = [circle];
  const cases = [
    [circle, { name: 'c', self: ['[circular]'] }],
    [12345678901234567890n, '12345678901234567890'],
    [function pay() {}, '[function pay]'],
    [() => {}, '[function without a name]'],
    [Symbol('x'), '[Symbol(x)]'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [new Date(NaN), '[invalid date]'],
    [new TypeError('no'), { name: 'TypeError', message: 'no' }],
    [new Map([['a', new Set([1, 'x'])]]), { a: [1, 'x'] }],
    [new Float32Array([0.5, NaN]), [0.5, 'NaN']],
    [{ nodeType: 1, nodeName: 'DIV', parent: circle }, '[DOM node: DIV]'],
    [globalThis, '[window]'],
    [{ get a() { throw new Error('locked'); }, b: 1 }, { a: '[unreadable: locked]', b: 1 }],
    [{ toJSON() { throw new Error('locked'); } }, '[unreadable: locked]'],
    [new Proxy({}, { ownKeys() { throw new Error('locked'); } }), '[unreadable: locked]'],
    [Object.create(null, { a: { value: 1, enumerable: true } }), { a: 1 }],
    [JSON.parse('{"__proto__": {"a": 1}}'), JSON.parse('{"__proto__": {"a": 1}}')],
  ];
  for (const [value, expected] of cases) assert.deepEqual(roundTrip({ value }), { value: expected });
});

test('a lone surrogate becomes U+FFFD, and a text that looks like an escape stays', () => {
  assert.deepEqual(roundTrip({ ['k\udc00']: 'a\ud83d', pair: '\ud83d\ude00', text: '\\ud83d' }), {
    'k\ufffd': 'a\ufffd',
    pair: '😀',
    text: '\\ud83d',
  });
});

test('depth and number of values are bounded', () => {
  const deep = {};
  let inner = deep;
  for (let level = 0; level < 10_000; level += 1) inner = inner.next = {};
  assert.ok(jsonOf(deep).includes('[too deep]'));
  assert.ok(jsonOf(Array.from({ length: 1_000_000 })).includes('[too much]'));
  const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [index, {}]));
  assert.ok(jsonOf(wide).length < 200_000);
});

test('any nested values give well-formed JSON', (t) => {
  const seed = Number(process.env.SEED ?? 20240115);
  t.diagnostic(`SEED=${seed}`);
  let state = seed;
  const random = (most) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state % most;
  };
  const leaves = [null, 1, -0, NaN, 'x', '\ud83d', '\udfff\ud800', 10n, Symbol('s'), () => 1, new Date(NaN), new Error('e'), undefined];
  const make = (depth, seen) => {
    if (depth === 0 || random(3) === 0) return leaves[random(leaves.length)];
    const made = [[], {}, new Map(), new Set()][random(4)];
    seen = [...seen, made];
    for (let count = random(4); count > 0; count -= 1) {
      const value = random(6) === 0 ? seen[random(seen.length)] : make(depth - 1, seen);
      const key = ['k', '\ud83d', '__proto__', '7'][random(4)];
      if (Array.isArray(made)) made.push(value);
      else if (made instanceof Map) made.set(key, value);
      else if (made instanceof Set) made.add(value);
      else made[key] = value;
    }
    return made;
  };
  for (let run = 0; run < 3000; run += 1) {
    const text = jsonOf({ data: make(6, []) });
    JSON.parse(text);
    assert.ok(text.isWellFormed?.() ?? true);
    assert.ok(!/(?<!\\)(\\\\)*\\ud[89a-f]/.test(text), text);
  }
});
