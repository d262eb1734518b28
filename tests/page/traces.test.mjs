// Calculations of the page Traces, tested without a page: `node --test`.

import assert from 'node:assert/strict';
import test from 'node:test';
import { colorsOf } from '../../analytics/web/static/traces/colors.js';
import { layout } from '../../analytics/web/static/traces/layout.js';
import { between, compared, criticalPath, endOf, inSight, nodesOf, ticks } from '../../analytics/web/static/traces/tree.js';
import { address as errorsAddress } from '../../analytics/web/static/failing/view.js';
import { address, askedOf } from '../../analytics/web/static/traces/view.js';
import { rangeOf } from '../../analytics/web/static/views/address.js';

const START = 1705314615000000000n;

/** A span from `start` to `end` in milliseconds after the beginning. */
const span = (id, parent, start, end, more = {}) => ({ span_id: id, parent_id: parent, service: 'shop', name: id, status: 'unset', start_ns: String(START + BigInt(Math.round(start * 1e6))), end_ns: String(START + BigInt(Math.round(end * 1e6))), ...more });
const ids = (nodes) => nodes.map(({ span: { span_id: id } }) => id);

test('times in nanoseconds keep their digits', () => {
  assert.equal(between('1705314615000000001', '1705314615000000002'), 1e-6);
});

test('each span is followed by its children, in the order of their start', () => {
  const nodes = nodesOf([span('c', 'a', 50, 60), span('b', 'a', 10, 40), span('d', 'b', 20, 30), span('a', null, 0, 100)]);
  assert.deepEqual(ids(nodes), ['a', 'b', 'd', 'c']);
  assert.deepEqual(nodes.map(({ depth }) => depth), [0, 1, 2, 1]);
  assert.deepEqual(nodes.map(({ place, siblings }) => [place, siblings]), [[1, 1], [1, 2], [1, 1], [2, 2]]);
  assert.equal(endOf(nodes), 100);
  assert.deepEqual(nodesOf([]), []);
});

test('spans whose parent has not come, and circles of parents, are drawn all the same', () => {
  const nodes = nodesOf([span('a', 'gone', 0, 10), span('b', 'c', 1, 9), span('c', 'b', 2, 8), span('d', 'd', 3, 4)]);
  assert.deepEqual(ids(nodes).sort(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(nodes.filter(({ isOrphan }) => isOrphan).map(({ span: { span_id: id } }) => id), ['a', 'd', 'b']);
  assert.equal(nodes.find(({ span: { span_id: id } }) => id === 'c').depth, 1);
});

test('a service whose clock is wrong is drawn within its caller, and its own spans move with it', () => {
  const nodes = nodesOf([span('a', null, 0, 100), span('b', 'a', 500, 540, { service: 'cart' }), span('c', 'b', 510, 520, { service: 'cart' })]);
  assert.deepEqual(nodes.map(({ start }) => start), [0, 30, 40]);
  assert.deepEqual(nodes.map(({ shift }) => shift), [0, -470, -470]);
  const longer = nodesOf([span('a', null, 0, 10), span('b', 'a', 5, 300, { service: 'cart' })]);
  assert.deepEqual(longer.map(({ shift }) => shift), [0, 0]);
  assert.equal(nodesOf([span('a', null, 0, 10), span('b', 'a', 20, 30)])[1].shift, 0);
});

test('a span that ends before it begins lasts no time', () => {
  assert.equal(nodesOf([span('a', null, 10, 5)])[0].duration, 0);
});

test('the critical path covers the whole trace, once', () => {
  const nodes = nodesOf([span('a', null, 0, 100), span('b', 'a', 10, 40), span('c', 'a', 20, 90), span('d', 'c', 30, 50)]);
  const path = criticalPath(nodes).map(({ node, start, end }) => [node.span.span_id, start, end]);
  assert.deepEqual(path, [['a', 0, 10], ['b', 10, 20], ['c', 20, 30], ['d', 30, 50], ['c', 50, 90], ['a', 90, 100]]);
  assert.deepEqual(criticalPath([]), []);
});

test('spans below a folded one are out of sight', () => {
  const nodes = nodesOf([span('a', null, 0, 9), span('b', 'a', 1, 8), span('c', 'b', 2, 7), span('d', 'a', 3, 4)]);
  assert.deepEqual(ids(inSight(nodes, new Set(['b']))), ['a', 'b', 'd']);
  assert.deepEqual(ids(inSight(nodes, new Set(['a', 'b']))), ['a']);
});

test('10,000 spans, also in one line of descent, take no stack', () => {
  const spans = Array.from({ length: 10_000 }, (_, place) => span(String(place), place ? String(place - 1) : null, place, 20_000 - place));
  const nodes = nodesOf(spans);
  assert.equal(nodes.at(-1).depth, 9_999);
  assert.equal(criticalPath(nodes).reduce((sum, { start, end }) => sum + end - start, 0), 20_000);
});

test('the ruler has round times', () => {
  assert.deepEqual(ticks(100, 5), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks(0.35, 4), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(0, 4), [0]);
});

test('two traces are compared by the paths of their spans', () => {
  const a = nodesOf([span('1', null, 0, 100, { name: 'GET' }), span('2', '1', 10, 20, { name: 'SELECT' }), span('3', '1', 30, 50, { name: 'SELECT' })]);
  const b = nodesOf([span('4', null, 0, 80, { name: 'GET', status: 'error' }), span('5', '4', 10, 20, { name: 'cache' })]);
  const c = nodesOf([span('1', null, 0, 100, { name: 'GET' }), span('2', '1', 10, 20, { name: 'z' }), span('3', '1', 30, 50, { name: 'a' })]);
  assert.deepEqual(compared(c, c).map(({ name }) => name), ['GET', 'z', 'a'], 'in the order of their start');
  assert.deepEqual(compared(a, b), [
    { service: 'shop', name: 'GET', depth: 0, a: { count: 1, duration: 100, errors: 0 }, b: { count: 1, duration: 80, errors: 1 } },
    { service: 'shop', name: 'SELECT', depth: 1, a: { count: 2, duration: 30, errors: 0 }, b: null },
    { service: 'shop', name: 'cache', depth: 1, a: null, b: { count: 1, duration: 10, errors: 0 } },
  ]);
});

test('callers stand left of what they call, and no two services overlap', () => {
  const names = Array.from({ length: 50 }, (_, place) => `s${place}`);
  const calls = names.flatMap((from, place) => [{ from, to: names[(place * 7 + 3) % 50] }, { from, to: names[(place * 3 + 1) % 50] }]);
  for (const graph of [calls, [], [{ from: 's0', to: 's1' }, { from: 's1', to: 's0' }, { from: 's2', to: 's2' }]]) {
    const { places, width, height, box } = layout(names, graph);
    assert.equal(places.length, 50);
    for (const a of places) {
      assert.ok(a.x >= 0 && a.y >= -1e-9 && a.x + box.width <= width && a.y + box.height <= height + 1e-9, JSON.stringify(a));
      for (const b of places) assert.ok(a === b || Math.abs(a.x - b.x) >= box.width || Math.abs(a.y - b.y) >= box.height);
    }
  }
  const { places } = layout(['a', 'b', 'c'], [{ from: 'a', to: 'b' }, { from: 'b', to: 'c' }, { from: 'a', to: 'c' }]);
  assert.deepEqual(places.map(({ name }) => name), ['a', 'b', 'c']);
  assert.ok(places[0].x < places[1].x && places[1].x < places[2].x);
});

test('a view is in the address, without defaults', () => {
  assert.equal(address.write(address.read('')), '');
  assert.equal(address.write(address.read('?service=shop&span=never&order=odd')), '?service=shop');
  assert.equal(address.read('?trace=abc').trace, 'abc');
  assert.equal(errorsAddress.read('?span=15m').span, '7d', 'the page has no such choice');
  assert.deepEqual(rangeOf(address.read('?span=15m'), 900_000), { from: '1970-01-01T00:00:00.000Z', to: '1970-01-01T00:15:01.000Z' });
  const asked = askedOf(address.read('?attribute=http.route=/a=b&status=error'), 0);
  assert.equal(asked['attributes.http.route'], '/a=b');
  assert.equal(asked.status, 'error');
  assert.ok(!Object.keys(askedOf(address.read('?attribute=odd'), 0)).some((name) => name.startsWith('attributes')));
});

test('each service has a colour', () => {
  assert.deepEqual([...colorsOf(['b', 'a'])], [['a', 1], ['b', 2]]);
});
