// AnalyticsClient: sends events, metrics and heartbeats; each is counted once, also after retries.

import { errorData, onUnhandled } from './errors.js';
import { newId } from './ids.js';
import { defaultUrl, split } from './origin.js';
import { onExit, onPageHide } from './pagehide.js';
import { jsonOf } from './plain.js';
import { SendQueue } from './queue.js';
import { hex, traceFetch } from './trace.js';
import { watchVitals } from './vitals.js';

const MOST_IN_A_BATCH = 100; // a receipt lists at most this many errors
const EXIT_MS = 4000; // how long a program that has nothing else to do stays alive to send waiting items
const MOST_CHARACTERS = 64 * 1024; // more than the service accepts for one item, whose data may have 32 KiB

/**
 * Sends items in batches, and retries until the service has accepted or rejected each of them. Each call returns a
 * promise of the item's outcome, which never rejects.
 */
export class AnalyticsClient {
  #service;
  #maxQueue;
  #onDropped;
  #onError;
  #events;
  #metrics;
  #heartbeats;
  #stopPageHide;
  #stopExit;
  #hasDropCallback;
  #watches = [];
  #pending = new Set();
  #isClosed = false;
  #isInDropCallback = false;
  #hasWarned = false;

  /** The trace of this page or program, 32 hexadecimal digits: captured errors and traced requests carry it. */
  traceId = hex(16);

  /** Number of items dropped because the queue was full or the client was closed. */
  dropped = 0;

  /** @param {import('./analytics.d.ts').ClientOptions} [options] */
  constructor(options = {}) {
    const { service = 'frontend', maxQueue = 10_000, batchSize = 100, flushMs = 250, timeoutMs = 10_000 } = options;
    const { url, key: keyInUrl } = split(options.baseUrl ?? defaultUrl);
    this.baseUrl = url;
    this.#service = service;
    this.#maxQueue = maxQueue;
    this.#onDropped = guarded(options.onDropped);
    this.#onError = guarded(options.onError ?? this.#warn);
    const most = Math.min(Math.max(1, batchSize), MOST_IN_A_BATCH);
    const key = options.key || keyInUrl;
    const shared = { key, batchSize: most, flushMs, timeoutMs, retry: options.retry, onError: this.#onError };
    this.#events = new SendQueue(`${this.baseUrl}/events`, shared);
    this.#metrics = new SendQueue(`${this.baseUrl}/metrics`, shared);
    this.#heartbeats = new SendQueue(`${this.baseUrl}/heartbeat`, { ...shared, isSingle: true });
    this.#hasDropCallback = Boolean(options.onDropped);
    this.#stopPageHide = onPageHide(this.#queues);
    this.#stopExit = onExit(() => this.#exit());
    globalThis.addEventListener?.('online', this.#hurry);
  }

  /** Number of items without an outcome yet. */
  get waiting() {
    return this.#queues.reduce((sum, queue) => sum + queue.size, 0);
  }

  /** @returns {Promise<import('./analytics.d.ts').Outcome>} as in the following methods */
  trackEvent(type, data, userId = null) {
    const id = newId();
    const make = () => ({ type, service: this.#service, user_id: userId === null ? null : String(userId), data, id });
    return this.#add(this.#events, id, make);
  }

  trackPageView(page, userId) {
    return this.trackEvent('page_view', { page }, userId);
  }

  trackPurchase(orderId, total, userId) {
    return this.trackEvent('purchase', { order_id: orderId, total, currency: 'USD' }, userId);
  }

  /**
   * Track an error that the program has handled, as an event of the type `error`.
   * @param {unknown} error
   * @param {object} [data] further data
   */
  captureError(error, data = {}, userId = null) {
    return this.trackEvent('error', { ...errorData(error, { handled: true, trace_id: this.traceId }), ...data }, userId);
  }

  /** Track errors that nobody handles, and promises that are rejected without a handler; until `close`. */
  captureUnhandled() {
    this.#watches.push(onUnhandled((error, more) => this.captureError(error, more)));
  }

  /**
   * Record LCP, INP and CLS of this page as metrics. A failure is reported to `onError`.
   * @param {() => Promise<object>} [load] loads the npm package `web-vitals`
   */
  async captureWebVitals(load = () => import('web-vitals')) {
    try {
      await watchVitals(load, (name, value, unit, tags) => this.recordMetric(name, value, tags, unit, { kind: 'histogram' }));
    } catch (error) {
      this.#onError({ code: 'no_web_vitals', message: `web-vitals was not loaded: ${String(error?.message ?? error)}` });
    }
  }

  /**
   * Add `traceparent` to the requests of `fetch` to these origins; until `close`.
   * @param {string[]} [origins] default: that of the page
   */
  traceFetch(origins = [globalThis.location?.origin].filter(Boolean)) {
    this.#watches.push(traceFetch(origins, () => this.traceId));
  }

  /**
   * Record a number.
   * @param {{ kind?: 'gauge' | 'counter' | 'histogram', instance?: string }} [more] what its values are (default: gauge),
   *   and the name of this replica
   */
  recordMetric(name, value, tags = {}, unit = 'ms', { kind, instance } = {}) {
    const id = newId();
    const make = () => {
      const given = { service: this.#service, ...JSON.parse(jsonOf(tags)) };
      return { name, value, unit, kind, instance, tags: given, id };
    };
    return this.#add(this.#metrics, id, make);
  }

  /**
   * Send a heartbeat; of waiting heartbeats, only the newest of each service and instance is sent.
   * @param {{ instance?: string, interval?: number, grace?: number, message?: string }} [more] seconds and text
   */
  heartbeat(service, status, metrics, { instance, interval, grace, message } = {}) {
    const make = () => ({ service, status, metrics, instance, interval, grace, message });
    return this.#add(this.#heartbeats, null, make, `${service}\0${instance ?? ''}`);
  }

  /** Send waiting items now; resolves when all of them have an outcome. */
  async flush() {
    for (const queue of this.#queues) queue.flush();
    await Promise.all(this.#pending);
  }

  /**
   * Send waiting items for at most `timeoutMs`, and close; the remaining items and later ones are dropped.
   * @param {{ timeoutMs?: number }} [options]
   */
  async close({ timeoutMs = 5000 } = {}) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#settle(timeoutMs, CLOSED);
    for (const stop of [...this.#watches.splice(0), this.#stopPageHide, this.#stopExit]) stop();
    globalThis.removeEventListener?.('online', this.#hurry);
  }

  /** The program has nothing else to do: send waiting items within EXIT_MS, and drop the rest. */
  async #exit() {
    if (this.#pending.size === 0) return;
    const before = this.dropped;
    await this.#settle(EXIT_MS, EXITED);
    const dropped = this.dropped - before;
    if (dropped && !this.#hasDropCallback) {
      console.warn(`analytics: ${dropped} waiting item(s) were dropped at the exit: ${this.baseUrl} did not take them.`);
    }
  }

  /** Send waiting items for at most `timeoutMs`; the remaining ones get this outcome. */
  async #settle(timeoutMs, outcome) {
    this.#hurry();
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs, true)));
    const isLate = await Promise.race([Promise.all(this.#pending), late]);
    clearTimeout(timer);
    if (isLate !== true) return; // all have an outcome; newer items may wait
    const remaining = [...this.#pending];
    for (const queue of this.#queues) queue.abandon(outcome);
    await Promise.all(remaining);
  }

  get #queues() {
    return [this.#events, this.#metrics, this.#heartbeats];
  }

  /** Without `onError`, log the first denial or rejection; a wrong key or address would go unnoticed otherwise. */
  #warn = ({ id, status, message }) => {
    const isDenied = status === 401 || status === 403;
    if ((id === undefined && !isDenied) || this.#hasWarned) return; // other failed requests are retried
    this.#hasWarned = true;
    const what = id === undefined ? `items for ${this.baseUrl} wait` : `an item for ${this.baseUrl} was rejected`;
    console.warn(`analytics: ${what}: ${status ? `${status} ` : ''}${message} (Set onError to see each rejection.)`);
  };

  #hurry = () => {
    for (const queue of this.#queues) queue.hurry();
  };

  #add(queue, id, make, key = null) {
    const outcome = new Promise((resolve) => {
      const settle = (settled) => resolve({ ...settled, id });
      const refusal = this.#refusal();
      if (refusal) settle(refusal);
      else this.#encode(queue, make, { id, at: Date.now(), key, settle });
    });
    this.#watch(outcome, this.#isInDropCallback);
    return outcome;
  }

  #refusal() {
    if (this.#isClosed) return CLOSED;
    return this.waiting >= this.#maxQueue ? FULL : null;
  }

  #encode(queue, make, item) {
    let text;
    try {
      text = jsonOf(make());
    } catch (error) {
      item.settle({ status: 'rejected', error: { code: 'not_json', message: String(error?.message ?? error) } });
      return;
    }
    if (text.length > MOST_CHARACTERS) item.settle(TOO_LARGE);
    else queue.add({ ...item, text });
  }

  async #watch(outcome, isEcho) {
    this.#pending.add(outcome);
    const { status, id, error } = await outcome;
    this.#pending.delete(outcome);
    if (status === 'rejected') this.#onError({ ...error, id });
    if (status === 'dropped' && error.code !== 'superseded') {
      this.dropped += 1;
      if (isEcho) return; // tracked by the callback itself, which would be called endlessly
      this.#isInDropCallback = true;
      this.#onDropped({ dropped: this.dropped, reason: error.code, id });
      this.#isInDropCallback = false;
    }
  }
}

const CLOSED = { status: 'dropped', error: { code: 'closed', message: 'The client was closed before it was sent.' } };
const EXITED = { status: 'dropped', error: { code: 'exit', message: 'The program had nothing else to do and ended.' } };
const FULL = { status: 'dropped', error: { code: 'queue_full', message: 'The queue had no room for it.' } };

const TOO_LARGE = {
  status: 'rejected',
  error: { code: 'too_large', message: `Its JSON has more than ${MOST_CHARACTERS} characters.` },
};

/** Call a callback of the host program, async or not, and ignore its failures. */
function guarded(callback) {
  return async (details) => {
    try {
      await callback?.(details);
    } catch (error) {
      console.error(error);
    }
  };
}
