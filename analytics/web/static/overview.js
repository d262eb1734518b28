// The five figures of the overview, each with its last 15 minutes and its usual value.

import { ask, iso } from './api.js';
import { usualBefore } from './baseline.js';
import { byId, el, set, setText } from './dom.js';
import { briefPercent, compact, count, ms, rate, short } from './format.js';
import { Spark } from './spark.js';

const MINUTES = 15;
const AGAIN = 60;
const USUAL_AGAIN = 600;
const WORSE = 2; // times the usual
const TOTAL_SHOWN = 1e9;
const FIGURES = [
  { name: 'total_requests', label: 'Requests', about: 'all retained time', format: (value) => (value < TOTAL_SHOWN ? count : short)(value), grows: true },
  { name: 'requests_per_second', label: 'Request rate', about: 'last 60 s', format: rate },
  { name: 'error_rate', label: 'Error rate', about: 'last 60 s', format: briefPercent, worse: true },
  { name: 'mean_latency_ms', label: 'Average latency', about: 'last 60 s', format: ms, worse: true },
  { name: 'active_users', label: 'Active users', about: 'last 5 min', format: short },
];
// Users are counted over five minutes, as the figure is, so that both can be compared.
const SERIES = [['requests', 'sum', 60], ['errors', 'sum', 60], ['latency', 'avg', 60], ['events', 'unique', 300]];

export class Overview {
  constructor() {
    this.loadedAt = this.usualAt = -Infinity;
    this.past = this.usual = null;
    this.cards = FIGURES.map((figure) => {
      const card = { ...figure, value: el('strong', {}, '–'), change: el('span', { className: 'change' }), spark: new Spark(96, 28) };
      byId('figures').append(el('div', { className: 'figure' }, el('dt', {}, figure.label, ' ', el('span', { className: 'soft' }, figure.about)), el('dd', {}, el('div', { className: 'line' }, card.value, card.spark.root), card.change)));
      return card;
    });
  }

  /** Show the snapshot of `now` (seconds); the minutes before it are reloaded once a minute, and the baseline every ten minutes. */
  show({ overview, realtime_stats: last, services }, now, wrong) {
    if (now - this.loadedAt > AGAIN) this.#load(now);
    if (now - this.usualAt > USUAL_AGAIN) this.#loadUsual(now, services, wrong);
    const rows = Object.values(services);
    const values = {
      total_requests: overview.total_requests || null,
      requests_per_second: overview.total_requests ? overview.requests_per_second : null,
      error_rate: last.requests_last_1min ? overview.error_rate : null, // without requests the snapshot says 0 or 100
      mean_latency_ms: overview.mean_latency_ms,
      active_users: overview.active_users,
    };
    const isTimed = rows.some((row) => row.mean_latency_ms !== null);
    for (const card of this.cards) {
      const value = values[card.name];
      setText(card.value, card.format(value));
      const past = this.past?.[card.name];
      if (past) card.spark.show(card.grows ? past.slice(0, -1) : [...past, value]); // without the minute that is still open
      if (value !== null) this.#noteUsual(card, past, value);
      else this.#note(card, (card.name === 'mean_latency_ms' ? isTimed : overview.total_requests) ? 'none in 60 s' : 'none sent');
    }
    this.total = overview.total_requests;
  }

  /** Discard the previous minutes, for example after a gap. */
  reset() {
    this.loadedAt = this.usualAt = -Infinity;
  }

  #noteUsual(card, past, value) {
    if (card.grows) {
      const since = Math.max(0, value - (this.past?.total ?? value)); // what came in since the minutes were loaded
      if (past) this.#note(card, `+${compact(past.reduce((sum, each) => sum + each, since))} in ${MINUTES} min`);
      return;
    }
    if (!this.usual) return;
    const usual = this.usual[card.name];
    if (usual === null && value === 0) this.#note(card, `none in the ${card.about}`);
    else if (usual === null) this.#note(card, 'no usual known yet', 'too few records for a baseline');
    else this.#note(card, `usually ${usual === 0 && card.worse ? 'none' : card.format(usual)}`, this.usual.about[card.name], card.worse && value > 0 && value >= usual * WORSE);
  }

  #note(card, text, title = '', isBad = false) {
    setText(card.change, text);
    set(card.change, 'title', title);
    if (card.change.dataset.state !== (isBad ? 'bad' : '')) card.change.dataset.state = isBad ? 'bad' : '';
  }

  async #load(now) {
    this.loadedAt = now;
    const range = { from: iso(now - MINUTES * 60), to: iso(now) };
    try {
      const [requests, errors, latency, users] = await Promise.all(
        SERIES.map(async ([name, agg, step]) => (await ask('/series', { name, agg, step, ...range })).points.map((point) => point.value)),
      );
      const sums = requests.slice();
      for (const values of [requests, errors, latency, users]) values.pop(); // still open
      this.past = {
        total: this.total,
        total_requests: sums,
        requests_per_second: requests.map((value) => value / 60),
        error_rate: requests.map((value, index) => (value ? (errors[index] / value) * 100 : null)),
        mean_latency_ms: latency,
        active_users: users,
      };
    } catch {
      this.loadedAt = now - AGAIN + 5; // again in 5 seconds
    }
  }

  async #loadUsual(now, services, wrong) {
    this.usualAt = now;
    try {
      this.usual = await usualBefore(now, services, wrong);
    } catch {
      this.usualAt = now - USUAL_AGAIN + 5;
    }
  }
}
