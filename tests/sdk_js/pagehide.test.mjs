import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SendQueue } from '../../analytics/web/sdk/queue.js';
import { fail, service } from './fake_service.mjs';

/** A queue, the settled items, and those sent by beacons. */
function stage(fake, options) {
  const settled = [];
  const taken = [];
  const queue = new SendQueue(`${fake.url}/events`, {
    batchSize: 3,
    flushMs: 60_000,
    timeoutMs: 1000,
    retry: { floor: 20, base: 20, cap: 20 },
    onError: () => {},
    ...options,
  });
  const add = (id, more = {}) => {
    const text = JSON.stringify({ id, ...more });
    queue.add({ id, text, at: Date.now(), key: null, isHandedOver: false, settle: () => settled.push(id) });
  };
  const handOver = (room, took = true) => queue.handOver(room, (url, text) => (taken.push(JSON.parse(text)), took));
  return { queue, add, handOver, settled, taken };
}

test('queued items are sent by beacons once, in batches, and again normally if the page stays', async (t) => {
  const fake = await service(t);
  const { queue, add, handOver, settled, taken } = stage(fake);
  for (const id of ['a', 'b', 'c', 'd']) add(id);
  assert.equal(handOver(1000), JSON.stringify(taken[0]).length + JSON.stringify(taken[1]).length);
  assert.deepEqual(taken.map((batch) => batch.map(({ id }) => id)), [['a', 'b', 'c'], ['d']]);
  assert.equal(handOver(1000), 0);
  queue.flush();
  while (settled.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([...fake.counted.keys()], ['a', 'b', 'c', 'd']);
});

test('items without room are left out, and room is counted in bytes', async (t) => {
  const fake = await service(t);
  const { queue, add, handOver, taken } = stage(fake);
  add('wide', { text: 'é'.repeat(50) });
  add('slim');
  handOver(120);
  assert.deepEqual(taken.flat().map(({ id }) => id), ['slim']);
  queue.abandon({ status: 'dropped' });
});

test('items of a refused beacon stay in the queue', async (t) => {
  const fake = await service(t);
  const { queue, add, handOver, taken } = stage(fake);
  add('a');
  assert.equal(handOver(1000, false), 0);
  assert.ok(handOver(1000) > 0);
  assert.equal(taken.length, 2);
  queue.abandon({ status: 'dropped' });
});

test('after a failed attempt, all items are sent by beacons again', async (t) => {
  const fake = await service(t);
  fake.behaviours.push(fail.status(500));
  const again = [];
  const { queue, add, handOver, settled } = stage(fake, { onError: () => again.push(handOver(1000)) });
  add('a');
  const first = handOver(1000);
  queue.flush();
  while (settled.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(again, [first]);
  assert.equal(fake.counted.size, 1);
});
