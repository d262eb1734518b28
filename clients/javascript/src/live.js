// LiveClient: a WebSocket that reconnects by itself and resumes after the last event.

import { backoff } from './backoff.js';
import { parsed } from './json.js';
import { defaultUrl, split } from './origin.js';
import { mergePatch } from './patch.js';
import { message, query } from './subscription.js';
import { post, problemOf } from './transport.js';

const RETRY = { floor: 500, base: 1000, cap: 30_000 };
const SILENCE_MS = 5000;
const CONNECT_MS = 10_000;
const WATCH_MS = 1000;

/**
 * Receives snapshots, updates and events of the service. Dispatches `snapshot`, `update`, `event`, `state` and
 * `refused`, each a CustomEvent whose `detail` is described in analytics.d.ts.
 */
export class LiveClient extends EventTarget {
  #url;
  #key;
  #wanted;
  #silenceMs;
  #retry;
  #Socket;
  #socket = null;
  #asking = null;
  #isDenied = false;
  #timer = null;
  #watch = null;
  #attempt = 0;
  #heard = null;
  #opened = 0;
  #base = null;
  #toSkip = null;
  #state = { state: 'closed', retryIn: null, attempt: 0, since: null };

  /** The newest snapshot, or null. */
  data = null;
  /** The highest `seq` received, or null. */
  seq = null;

  /** @param {import('./analytics.d.ts').LiveOptions} [options] */
  constructor({ baseUrl, key, events, service, updates = 'patch', silenceMs = SILENCE_MS, retry, WebSocket } = {}) {
    super();
    const { url, key: keyInUrl } = split(baseUrl ?? defaultUrl);
    this.#url = url;
    this.#key = key || keyInUrl;
    this.#wanted = { events, service, updates };
    this.#silenceMs = silenceMs;
    this.#retry = { ...RETRY, ...retry };
    this.#Socket = WebSocket ?? globalThis.WebSocket;
    if (!this.#Socket) throw new TypeError('There is no WebSocket here: pass one in the options, such as npm ws.');
  }

  /** State of the connection, as in the last `state` event. */
  get state() {
    return this.#state;
  }

  /** Connect, and reconnect until `close`. */
  start() {
    if (this.#state.state !== 'closed') return;
    globalThis.addEventListener?.('online', this.#hurry);
    this.#attempt = 0;
    this.#connect('connecting');
  }

  /**
   * Change the subscription; options that are left out do not change.
   * @param {{ events?: string | string[], service?: string | string[], updates?: 'full' | 'patch' }} options
   */
  subscribe(options) {
    this.#wanted = { ...this.#wanted, ...options };
    if (this.#socket?.readyState === 1) this.#socket.send(message(this.#wanted, null));
  }

  /** Reconnect now, if it is waiting to. */
  retry() {
    this.#hurry();
  }

  /** Disconnect until `start`. */
  close() {
    if (this.#state.state === 'closed') return;
    globalThis.removeEventListener?.('online', this.#hurry);
    this.#hangUp();
    this.#setState('closed');
  }

  #connect(state) {
    this.#setState(state);
    if (this.#state.state === 'closed') return; // closed by a listener
    if (this.#key) this.#askForTicket();
    else this.#open('');
  }

  /** Ask for the ticket that stands for the key in the address of one connection. */
  async #askForTicket() {
    const asking = this.#asking = new AbortController();
    const answer = await post(`${this.#url}/tickets`, this.#key, '', CONNECT_MS, asking);
    if (asking !== this.#asking) return; // closed meanwhile
    this.#asking = null;
    if (answer.status === 201 && typeof answer.body?.ticket === 'string') {
      this.#isDenied = false;
      this.#open(`&ticket=${encodeURIComponent(answer.body.ticket)}`);
      return;
    }
    const isDenied = answer.status === 401 || answer.status === 403;
    const isNew = isDenied && !this.#isDenied;
    this.#isDenied = isDenied;
    this.#retryLater(answer.waitMs);
    if (isNew) this.#dispatch('refused', { fields: {}, ...problemOf(answer) });
  }

  #open(credentials) {
    const asked = this.#wanted;
    const { query: options, isWhole } = query(asked, this.seq);
    this.#base = null;
    this.#toSkip = isWhole || this.seq === null ? null : 1;
    this.#opened = Date.now();
    this.#watch = setInterval(() => this.#lookForSilence(), Math.min(WATCH_MS, this.#silenceMs / 2));
    let socket;
    try {
      socket = this.#socket = new this.#Socket(`${this.#url.replace(/^http/, 'ws')}/ws/dashboard?${options}${credentials}`);
    } catch {
      this.#retryLater(); // for example, a page that may not connect there
      return;
    }
    socket.onopen = () => {
      if (!isWhole || asked !== this.#wanted) socket.send(message(this.#wanted, isWhole ? null : this.seq));
    };
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = socket.onerror = () => this.#retryLater(); // in Node.js 20 no close event follows an error
  }

  #hangUp() {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#asking?.abort();
    this.#asking = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = () => {}; // npm's ws throws without a listener
    socket.close();
  }

  #retryLater(leastMs = 0) {
    this.#hangUp();
    const retryIn = Math.max(leastMs, Math.round(backoff(this.#attempt, this.#retry)));
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect('reconnecting'), retryIn);
    this.#setState('reconnecting', retryIn);
  }

  #hurry = () => {
    if (this.#state.retryIn === null) return;
    clearTimeout(this.#timer);
    this.#connect('reconnecting');
  };

  #lookForSilence() {
    const last = Math.max(this.#opened, this.#heard ?? 0);
    const limit = this.#state.state === 'live' ? this.#silenceMs : Math.max(CONNECT_MS, this.#silenceMs);
    if (Date.now() - last > limit) this.#retryLater();
  }

  #hear(text) {
    const frame = parsed(text);
    if (typeof frame?.type !== 'string') {
      this.#retryLater();
      return;
    }
    this.#heard = Date.now();
    if (this.#isPreliminary(frame.type)) return;
    if (frame.type === 'snapshot') this.#takeSnapshot(frame);
    else if (frame.type === 'dashboard_update') this.#takeUpdate(frame);
    else if (frame.type === 'event') this.#takeEvent(frame);
    else if (frame.type === 'error') this.#dispatch('refused', frame.data);
  }

  /** Whether a message was sent before our subscription took effect; its `seq` must not count as received. */
  #isPreliminary(type) {
    if (this.#toSkip === null) return false;
    const isOver = type === 'event' || type === 'error' || (type === 'snapshot' && this.#toSkip-- === 0);
    if (isOver) this.#toSkip = null;
    return !isOver;
  }

  #takeSnapshot({ data, seq, gap = false, dropped = 0 }) {
    this.data = data;
    this.seq = seq;
    this.#attempt = 0;
    if (this.#state.state !== 'live') this.#setState('live');
    this.#dispatch('snapshot', { data, seq, gap, dropped });
  }

  #takeUpdate({ data, patch, seq, dropped = 0 }) {
    if (patch && this.#base === null) {
      this.#retryLater();
      return;
    }
    this.data = this.#base = patch ? mergePatch(this.#base, patch) : data;
    this.seq = Math.max(this.seq ?? 0, seq);
    this.#dispatch('update', { data: this.data, seq, dropped });
  }

  #takeEvent({ data, seq, dropped = 0 }) {
    this.seq = Math.max(this.seq ?? 0, seq);
    this.#dispatch('event', { data, seq, dropped });
  }

  #setState(state, retryIn = null) {
    const since = state === 'live' ? null : this.#heard;
    this.#state = { state, retryIn, attempt: this.#attempt, since };
    this.#dispatch('state', this.#state);
  }

  #dispatch(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
