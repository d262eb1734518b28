// State of the live connection, always visible: live, reconnecting in n s, stale since.

import { byId, set, setState, setText } from './dom.js';
import { clock, span, utc } from './format.js';

const TOLD_FOR_MS = 15_000;

export class Connection {
  constructor() {
    this.line = { state: 'connecting', retryIn: null, attempt: 0, since: null };
    this.heardAt = null;
    this.backAt = null;
    this.refusal = '';
    setInterval(() => this.show(), 500);
  }

  /** Apply a state of the live client; `retryIn` counts from now. */
  changed(line) {
    const now = Date.now();
    if (line.state === 'live' && this.lostAt) {
      this.backAt = now;
      this.awayMs = now - this.lostAt;
      this.lostAt = null;
    }
    if (line.state === 'reconnecting' && !this.lostAt && this.heardAt) this.lostAt = this.heardAt;
    if (line.state === 'live') this.refusal = '';
    this.line = line;
    this.retryAt = line.retryIn === null ? null : now + line.retryIn;
    this.show();
  }

  /** Set the reason why this page may not connect; empty if it may. */
  refused(why) {
    this.refusal = why;
    this.show();
  }

  /** Record when a snapshot arrived, and its own time. */
  heard(updatedAt) {
    this.heardAt = Date.now();
    this.updatedAt = updatedAt;
    const time = byId('updated');
    setText(time, clock(updatedAt));
    set(time, 'dateTime', updatedAt.toISOString());
    set(time, 'title', utc(updatedAt));
  }

  get isLive() {
    return this.line.state === 'live';
  }

  show() {
    const now = Date.now();
    const place = byId('connection');
    set(byId('retry'), 'hidden', this.line.state !== 'reconnecting');
    document.body.classList.toggle('stale', !this.isLive && this.heardAt !== null);
    set(place, 'title', !this.isLive && this.heardAt ? `last heard at ${utc(new Date(this.heardAt))}` : '');
    if (this.isLive) {
      const back = this.backAt && now - this.backAt < TOLD_FOR_MS;
      setState(place, 'good', back ? `live again, after ${span(this.awayMs / 1000)} without data` : 'live');
      return;
    }
    const stale = this.heardAt ? `stale since ${clock(new Date(this.heardAt))}, ` : '';
    if (this.line.state === 'reconnecting') {
      const wait = this.retryAt ? Math.ceil((this.retryAt - now) / 1000) : 0;
      const again = this.refusal ? 'may not connect, trying again' : 'reconnecting';
      setState(place, 'bad', `${stale}${wait > 0 ? `${again} in ${wait} s` : `${again}…`}`);
    } else {
      setState(place, 'idle', this.line.state === 'closed' ? 'not connected' : 'connecting…');
    }
  }
}
