import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveClient } from '../../analytics/web/sdk/analytics.js';

/** A fake WebSocket that the test controls. */
class FakeSocket {
  static all = [];
  static get last() {
    return FakeSocket.all.at(-1);
  }

  readyState = 0;
  sent = [];

  constructor(url) {
    this.url = new URL(url);
    FakeSocket.all.push(this);
  }

  get asked() {
    return Object.fromEntries(this.url.searchParams);
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  say(type, rest) {
    this.onmessage?.({ data: JSON.stringify({ type, ...rest }) });
  }

  drop() {
    this.readyState = 3;
    this.onclose?.();
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }
}

/** A started client, its first socket, and all dispatched events. */
function live(t, options) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 });
  FakeSocket.all = [];
  const client = new LiveClient({ baseUrl: 'http://analytics.test/', WebSocket: FakeSocket, ...options });
  const dispatched = [];
  for (const name of ['snapshot', 'update', 'event', 'state', 'refused']) {
    client.addEventListener(name, ({ detail }) => dispatched.push([name, detail]));
  }
  client.start();
  return { client, dispatched, of: (kind) => dispatched.filter(([name]) => name === kind).map(([, detail]) => detail) };
}

test('a client connects and dispatches snapshots, updates and events', (t) => {
  const { client, dispatched } = live(t);
  assert.equal(FakeSocket.last.url.href, 'ws://analytics.test/ws/dashboard?events=all&service=all&updates=patch');
  FakeSocket.last.open();
  FakeSocket.last.say('snapshot', { seq: 5, data: { a: 1 } });
  FakeSocket.last.say('event', { seq: 6, data: { type: 'x' }, dropped: 3 });
  FakeSocket.last.say('dashboard_update', { seq: 6, data: { a: 2 } });
  assert.deepEqual(dispatched, [
    ['state', { state: 'connecting', retryIn: null, attempt: 0, since: null }],
    ['state', { state: 'live', retryIn: null, attempt: 0, since: null }],
    ['snapshot', { data: { a: 1 }, seq: 5, gap: false, dropped: 0 }],
    ['event', { data: { type: 'x' }, seq: 6, dropped: 3 }],
    ['update', { data: { a: 2 }, seq: 6, dropped: 0 }],
  ]);
  assert.deepEqual([client.data, client.seq, client.state.state], [{ a: 2 }, 6, 'live']);
});

test('a patch is dispatched as a whole snapshot, each a new object', (t) => {
  const { of } = live(t);
  FakeSocket.last.say('snapshot', { seq: 1, data: {} });
  FakeSocket.last.say('dashboard_update', { seq: 1, data: { kept: { x: 1 }, services: { a: { n: 1 } } } });
  const patch = JSON.parse('{"services": {"a": null, "__proto__": {"n": 2}}}');
  FakeSocket.last.say('dashboard_update', { seq: 2, patch });
  const [before, after] = of('update').map(({ data }) => data);
  assert.deepEqual(before, { kept: { x: 1 }, services: { a: { n: 1 } } });
  assert.equal(JSON.stringify(after), '{"kept":{"x":1},"services":{"__proto__":{"n":2}}}');
  assert.equal(after.kept, before.kept);
});

test('a closed connection is reopened with `since` after a growing pause', (t) => {
  const { client, of } = live(t);
  FakeSocket.last.say('snapshot', { seq: 41, data: {} });
  FakeSocket.last.say('event', { seq: 42, data: {} });
  const pauses = [];
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    FakeSocket.last.drop();
    const state = of('state').at(-1);
    assert.deepEqual([state.state, state.attempt, state.since], ['reconnecting', attempt, 1_000_000]);
    pauses.push(state.retryIn);
    t.mock.timers.tick(state.retryIn);
    assert.equal(FakeSocket.all.length, attempt + 1);
    assert.equal(FakeSocket.last.asked.since, '42');
  }
  pauses.forEach((pause, n) => assert.ok(pause >= 500 && pause <= Math.min(30_000, 1000 * 2 ** n), `${pauses}`));
  FakeSocket.last.say('snapshot', { seq: 7, data: {}, gap: true });
  assert.deepEqual([of('snapshot').at(-1).gap, client.seq, client.state.attempt], [true, 7, 0]);
});

test('an error ends a connection even without a close, and later events of it are ignored', (t) => {
  const { of } = live(t);
  FakeSocket.last.onerror();
  assert.deepEqual([of('state').at(-1).state, of('state').at(-1).attempt], ['reconnecting', 1]);
  FakeSocket.last.onerror();
  assert.equal(of('state').length, 2);
});

test('a connection without messages is considered dead', (t) => {
  const { of } = live(t);
  FakeSocket.last.say('snapshot', { seq: 1, data: {} });
  t.mock.timers.tick(5000);
  assert.equal(of('state').at(-1).state, 'live');
  t.mock.timers.tick(1000);
  assert.deepEqual([of('state').at(-1).state, of('state').at(-1).since], ['reconnecting', 1_000_000]);
  assert.equal(FakeSocket.all[0].readyState, 3);
});

test('a connection that never opens times out', (t) => {
  const { of } = live(t);
  t.mock.timers.tick(11_000);
  assert.equal(of('state').at(-1).state, 'reconnecting');
});

test('invalid JSON and a patch without a snapshot end the connection', (t) => {
  const { client, of } = live(t);
  for (const data of ['<html>', 'null', '5', '{}', new Blob(['{}'])]) {
    FakeSocket.last.onmessage({ data });
    assert.equal(of('state').at(-1).state, 'reconnecting');
    t.mock.timers.tick(client.state.retryIn);
  }
  FakeSocket.last.say('snapshot', { seq: 1, data: {} });
  FakeSocket.last.say('dashboard_update', { seq: 1, patch: {} });
  assert.equal(of('state').at(-1).state, 'reconnecting');
  assert.equal(of('update').length, 0);
});

test('names that do not fit into an address are subscribed to in a message with `since`', (t) => {
  const { client, of } = live(t, { events: ['a,b', 'c'], service: ['<img src=x>'] });
  const whole = { type: 'subscribe', events: ['a,b', 'c'], service: ['<img src=x>'], updates: 'patch' };
  assert.deepEqual(FakeSocket.last.asked, { events: 'none', updates: 'patch' });
  FakeSocket.last.open();
  assert.deepEqual(FakeSocket.last.sent, [whole]);
  FakeSocket.last.say('snapshot', { seq: 9, data: {} });
  FakeSocket.last.drop();
  t.mock.timers.tick(1000);
  FakeSocket.last.open();
  assert.deepEqual(FakeSocket.last.sent, [{ ...whole, since: 9 }]);
  FakeSocket.last.say('snapshot', { seq: 20, data: {} });
  FakeSocket.last.say('dashboard_update', { seq: 20, data: {} });
  assert.deepEqual([client.seq, client.state.state], [9, 'reconnecting']);
  FakeSocket.last.say('event', { seq: 12, data: {} });
  FakeSocket.last.say('snapshot', { seq: 21, data: {} });
  assert.deepEqual([client.seq, client.state.state, of('snapshot').length, of('event').length], [21, 'live', 2, 1]);
});

test('only a snapshot follows if nothing was missed or the message is refused', (t) => {
  const { client, of } = live(t, { events: ['a,b'] });
  for (const answer of ['snapshot', 'error']) {
    FakeSocket.last.open();
    FakeSocket.last.say('snapshot', { seq: 9, data: {} });
    FakeSocket.last.drop();
    t.mock.timers.tick(client.state.retryIn);
    FakeSocket.last.open();
    FakeSocket.last.say('snapshot', { seq: 9, data: {} });
    FakeSocket.last.say(answer, { seq: 9, data: {} });
    FakeSocket.last.say('dashboard_update', { seq: 10, data: {} });
    assert.equal(client.seq, 10);
    FakeSocket.last.drop();
    t.mock.timers.tick(client.state.retryIn);
  }
  assert.equal(of('refused').length, 1);
});

test('a subscription changes at once or when the connection opens, and permanently', (t) => {
  const { client, of } = live(t);
  client.subscribe({ events: ['purchase'] });
  FakeSocket.last.open();
  assert.deepEqual(FakeSocket.last.sent[0].events, ['purchase']);
  client.subscribe({ service: ['shop'] });
  const whole = { type: 'subscribe', events: ['purchase'], service: ['shop'], updates: 'patch' };
  assert.deepEqual(FakeSocket.last.sent[1], whole);
  FakeSocket.last.say('error', { data: { code: 'validation_failed' } });
  assert.deepEqual(of('refused'), [{ code: 'validation_failed' }]);
  FakeSocket.last.drop();
  t.mock.timers.tick(1000);
  assert.deepEqual(FakeSocket.last.asked, { events: 'purchase', service: 'shop', updates: 'patch' });
});

test('a client can be closed, also in a listener, and started again', (t) => {
  const { client, of } = live(t);
  FakeSocket.last.say('snapshot', { seq: 3, data: {} });
  client.close();
  client.close();
  assert.deepEqual(of('state').map(({ state }) => state), ['connecting', 'live', 'closed']);
  assert.equal(FakeSocket.last.readyState, 3);
  t.mock.timers.tick(60_000);
  assert.equal(FakeSocket.all.length, 1);
  client.start();
  assert.equal(FakeSocket.last.asked.since, '3');
  client.addEventListener('state', () => client.close(), { once: true });
  FakeSocket.last.drop();
  t.mock.timers.tick(60_000);
  assert.deepEqual([FakeSocket.all.length, client.state.state], [2, 'closed']);
});

test('a client retries when connections are not allowed', (t) => {
  const { of } = live(t, {
    WebSocket: class {
      constructor() {
        throw new Error('SecurityError');
      }
    },
  });
  assert.equal(of('state').at(-1).state, 'reconnecting');
});

test('a missing WebSocket class is an error', (t) => {
  const { WebSocket } = globalThis;
  t.after(() => Object.assign(globalThis, { WebSocket }));
  globalThis.WebSocket = undefined;
  assert.throws(() => new LiveClient(), /pass one/);
});

test('retry connects at once during a pause, and otherwise does nothing', (t) => {
  const { client } = live(t);
  client.retry();
  assert.equal(FakeSocket.all.length, 1, 'an attempt is under way');
  FakeSocket.last.drop();
  assert.ok(client.state.retryIn > 0);
  client.retry();
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.last.open();
  FakeSocket.last.say('snapshot', { seq: 1, data: {} });
  client.retry();
  t.mock.timers.tick(60);
  assert.equal(FakeSocket.all.length, 2, 'it is live');
  client.close();
  client.retry();
  assert.equal(FakeSocket.all.length, 2, 'it is closed');
});

/** Answers to POST /tickets, in order: a status and a body each; the requests that got them. */
function tickets(t, ...answers) {
  const asked = [];
  t.mock.method(globalThis, 'fetch', async (url, { headers, method, credentials }) => {
    asked.push({ url, method, credentials, key: headers['X-API-Key'] });
    const [status, body] = answers.shift();
    return new Response(JSON.stringify(body), { status });
  });
  return asked;
}

/** Let promises that can settle do so. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
const WRONG = { error: { code: 'unknown_key', message: 'This key is not known.', fields: {} } };

test('with a key each line begins with a ticket of its own', async (t) => {
  const asked = tickets(t, [201, { ticket: 'a+b' }], [201, { ticket: 'c' }]);
  const { client } = live(t, { key: 'ak_1_x' });
  assert.equal(FakeSocket.all.length, 0);
  await settle();
  assert.deepEqual(FakeSocket.last.asked, { events: 'all', service: 'all', updates: 'patch', ticket: 'a+b' });
  FakeSocket.last.say('snapshot', { seq: 5, data: {} });
  FakeSocket.last.drop();
  t.mock.timers.tick(client.state.retryIn);
  await settle();
  assert.deepEqual([FakeSocket.last.asked.ticket, FakeSocket.last.asked.since], ['c', '5']);
  const once = { url: 'http://analytics.test/tickets', method: 'POST', credentials: 'omit', key: 'ak_1_x' };
  assert.deepEqual(asked, [once, once]);
});

test('the key may be in the address', async (t) => {
  const asked = tickets(t, [201, { ticket: 'a' }]);
  live(t, { baseUrl: 'http://ak_1_x@analytics.test/' });
  await settle();
  assert.deepEqual(asked.map(({ url, key }) => [url, key]), [['http://analytics.test/tickets', 'ak_1_x']]);
  assert.equal(FakeSocket.last.url.host, 'analytics.test');
  assert.equal(FakeSocket.last.url.username, '');
});

test('a key that is not accepted is reported once, and tried again', async (t) => {
  tickets(t, [401, WRONG], [401, WRONG], [201, { ticket: 'a' }], [403, WRONG]);
  const { client, of } = live(t, { key: 'wrong' });
  for (const attempt of [1, 2]) {
    await settle();
    assert.deepEqual([client.state.state, client.state.attempt], ['reconnecting', attempt]);
    t.mock.timers.tick(client.state.retryIn);
  }
  await settle();
  assert.deepEqual(of('refused'), [{ code: 'unknown_key', message: 'This key is not known.', fields: {}, status: 401 }]);
  FakeSocket.last.drop();
  t.mock.timers.tick(client.state.retryIn);
  await settle();
  assert.deepEqual(of('refused').map(({ status }) => status), [401, 403]);
});

test('a ticket that comes after the end opens no line', async (t) => {
  tickets(t, [201, { ticket: 'a' }]);
  const { client } = live(t, { key: 'ak_1_x' });
  client.close();
  await settle();
  assert.deepEqual([FakeSocket.all.length, client.state.state], [0, 'closed']);
});

test('while the service gives no ticket, the line waits as it does without a connection', async (t) => {
  tickets(t, [503, {}], [201, {}], [201, { ticket: 'a' }]);
  const { client, of } = live(t, { key: 'ak_1_x' });
  for (const attempt of [1, 2]) {
    await settle();
    assert.equal(client.state.attempt, attempt);
    client.retry();
  }
  await settle();
  assert.equal(FakeSocket.last.asked.ticket, 'a');
  assert.deepEqual(of('refused'), []);
});
