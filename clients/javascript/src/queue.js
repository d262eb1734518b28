// SendQueue: items for one path of the service, sent in one batch at a time until each item has an outcome.

import { backoff } from './backoff.js';
import { verdict } from './receipt.js';
import { post, problemOf } from './transport.js';

const PATIENCE = { floor: 0, base: 500, cap: 30_000 };
const SPREAD_MS = 250; // random addition to Retry-After, so that clients do not retry at the same moment
const FRESH_MS = 1000;
const DENIED_MS = 600_000; // how long items wait for a key to be accepted; after that each batch has one try
const SUSPECT_AFTER = 3; // failures of the same batch after which it is split to find the item that causes them
const NOT_TAKEN = new Set([401, 403, 408, 425, 429, 503]);
const MISDATED = new Set(['timestamp_in_future', 'timestamp_too_old']);

/**
 * @typedef {object} Item
 * @property {string} text its JSON, an object
 * @property {string | null} id
 * @property {number} at creation time, in ms since the epoch
 * @property {string | null} key while the item waits, a newer one with the same key replaces it
 * @property {(outcome: { status: string, error?: object }) => void} settle
 * @property {boolean} [isHandedOver] whether a beacon has taken it
 * @property {boolean} [isTried] whether it was sent before, and may have been accepted
 * @property {boolean} [isUndated] whether the service rejected its timestamp, so that it is sent without one
 * @property {boolean} [isSuspect] whether the service failed on this item alone
 */

export class SendQueue {
  #url;
  #options;
  #most;
  #limit;
  /** @type {Item[]} */
  #waiting = [];
  #sending = 0;
  #attempt = 0;
  #faults = 0;
  #deniedAt = null;
  #timer = null;
  #isHurried = false;
  #isAskedToWait = false;
  #request = null;

  /**
   * @param {string} url
   * @param {object} options
   * @param {string} [options.key]
   * @param {number} options.batchSize
   * @param {number} options.flushMs
   * @param {number} options.timeoutMs
   * @param {object} options.retry
   * @param {boolean} [options.isSingle] whether the path accepts single objects only, without id and timestamp
   * @param {(problem: object) => void} options.onError called for each failed request
   */
  constructor(url, options) {
    this.#url = url;
    this.#options = { isSingle: false, key: '', ...options, retry: { ...PATIENCE, ...options.retry } };
    this.#most = this.#limit = this.#options.isSingle ? 1 : options.batchSize;
  }

  get size() {
    return this.#waiting.length;
  }

  /** @param {Item} item */
  add(item) {
    if (item.key !== null) this.#supersede(item.key);
    this.#waiting.push(item);
    if (this.#sending > 0 || this.#attempt > 0) return;
    if (this.#waiting.length >= this.#most) this.#sendIn(0);
    else if (this.#timer === null) this.#sendIn(this.#options.flushMs);
  }

  /** Send waiting items without waiting for more; a pause after a failure is not shortened. */
  flush() {
    this.#isHurried = this.#waiting.length > 0;
    if (this.#isHurried && this.#sending === 0 && this.#attempt === 0) this.#sendIn(0);
  }

  /** Retry now, unless the service sent Retry-After. */
  hurry() {
    this.#isHurried = this.#waiting.length > 0;
    if (this.#isHurried && this.#sending === 0 && !this.#isAskedToWait) this.#sendIn(0);
  }

  /** Discard waiting items. */
  abandon(outcome) {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
    for (const item of this.#waiting.splice(0)) item.settle(outcome);
  }

  /**
   * Pass items that wait or are in flight to `send`, which outlives the page. If the page stays, they are sent again;
   * their ids make this harmless.
   * @param {number} room in bytes
   * @param {(url: string, text: string) => boolean} send
   * @returns {number} the number of bytes used
   */
  handOver(room, send) {
    const { key } = this.#options;
    const url = key ? `${this.#url}?key=${encodeURIComponent(key)}` : this.#url; // a beacon has no headers
    let used = 0;
    for (;;) {
      const items = this.#fitting(room - used);
      if (items.length === 0) return used;
      const text = this.#join(items);
      if (!send(url, text)) return used;
      for (const item of items) item.isHandedOver = item.isTried = true;
      used += bytes(text);
    }
  }

  #sendIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), ms);
    this.#timer.unref?.(); // in Node.js: do not keep the program alive; waiting items are sent at its exit
  }

  async #send() {
    this.#timer = null;
    const suspect = this.#waiting.findIndex((item) => item.isSuspect);
    const batch = this.#waiting.slice(0, suspect < 0 ? this.#limit : Math.min(this.#limit, Math.max(1, suspect)));
    const tried = batch.map((item) => item.isTried === true);
    const request = (this.#request = new AbortController());
    this.#sending = batch.length;
    const { key, timeoutMs, isSingle } = this.#options;
    const answer = await post(this.#url, key, this.#join(batch), timeoutMs, request);
    if (this.#request !== request) return; // the items were discarded
    this.#sending = 0;
    const { next, outcomes } = verdict(answer, tried, isSingle);
    const isReported = next === 'denied' && this.#deniedAt !== null;
    if (next === 'retry' || this.#mayBeAccepted(next)) {
      if (!NOT_TAKEN.has(answer.status)) for (const item of batch) item.isTried = true;
      if (answer.status === 500) this.#suspect(batch);
      this.#sendIn(this.#pause(answer, isReported));
      return;
    }
    this.#attempt = this.#faults = 0;
    this.#isAskedToWait = false;
    if (next === 'split') this.#limit = Math.ceil(batch.length / 2);
    else this.#settle(batch.length, outcomes);
    this.#goOn(next === 'split');
  }

  /** Whether the key was not accepted just now, and items still wait for somebody to fix that. */
  #mayBeAccepted(next) {
    if (next !== 'denied') this.#deniedAt = null;
    else this.#deniedAt ??= Date.now();
    return next === 'denied' && Date.now() - this.#deniedAt < DENIED_MS;
  }

  #goOn(atOnce) {
    if (this.#waiting.length === 0) this.#isHurried = false;
    else this.#sendIn(atOnce || this.#isHurried || this.#waiting.length >= this.#most ? 0 : this.#options.flushMs);
  }

  #settle(count, outcomes) {
    this.#limit = Math.min(this.#most, this.#limit * 2);
    const misdated = [];
    this.#waiting.splice(0, count).forEach((item, place) => {
      if (!item.isUndated && MISDATED.has(outcomes[place].error?.code)) misdated.push(item);
      else item.settle(outcomes[place]);
    });
    for (const item of misdated) item.isUndated = true; // a clock is wrong, perhaps ours
    this.#waiting.unshift(...misdated);
  }

  /** Isolate the item on which the service keeps failing: send it alone, after the others. */
  #suspect(batch) {
    this.#faults += 1;
    if (this.#faults < SUSPECT_AFTER && !batch[0].isSuspect) return;
    this.#faults = 0;
    if (batch.length > 1) {
      this.#limit = Math.ceil(batch.length / 2);
    } else {
      batch[0].isSuspect = true;
      this.#waiting.push(this.#waiting.shift());
    }
  }

  /** Count a failure, and report it unless it `isReported`; returns the pause in ms. */
  #pause({ waitMs, ...answer }, isReported) {
    const pause = waitMs > 0 ? waitMs + SPREAD_MS * Math.random() : backoff(this.#attempt, this.#options.retry);
    const retryIn = Math.round(pause);
    this.#attempt += 1;
    this.#isAskedToWait = waitMs > 0;
    for (const item of this.#waiting) item.isHandedOver = false; // a beacon would have failed too
    if (!isReported) this.#options.onError({ ...problemOf(answer), attempt: this.#attempt, retryIn });
    return retryIn;
  }

  #supersede(key) {
    const place = this.#waiting.findIndex((item, index) => index >= this.#sending && item.key === key);
    if (place < 0) return;
    const [item] = this.#waiting.splice(place, 1);
    item.settle({ status: 'dropped', error: { code: 'superseded', message: 'A newer one took its place.' } });
  }

  #fitting(room) {
    const items = [];
    let size = 2;
    for (const item of this.#waiting) {
      if (items.length >= this.#most) break;
      const more = item.isHandedOver ? Infinity : bytes(this.#written(item)) + 1;
      if (size + more > room) continue;
      items.push(item);
      size += more;
    }
    return items;
  }

  #join(items) {
    const texts = items.map((item) => this.#written(item));
    return this.#options.isSingle ? texts[0] : `[${texts.join(',')}]`;
  }

  /** Add a timestamp to an item that has waited; without one, the service uses its own clock. */
  #written({ text, at, isUndated }) {
    if (this.#options.isSingle || isUndated || Math.abs(Date.now() - at) < FRESH_MS) return text;
    return `${text.slice(0, -1)},"timestamp":${JSON.stringify(new Date(at))}}`;
  }
}

function bytes(text) {
  return new TextEncoder().encode(text).length;
}
