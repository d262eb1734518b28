// The five figures, each with its last 15 minutes and how it changed.

import { ask, iso } from './api.js';
import { byId, el, setText } from './dom.js';
import { compact, count, decimal, ms, percent, short, times } from './format.js';
import { Spark } from './spark.js';

const MINUTES = 15;
const AGAIN = 60;
const FOLD = 300;
const TOTAL_SHOWN = 1e9;
const FIGURES = [
  { name: 'total_requests', label: 'Requests', about: 'all retained time', format: (value) => (value < TOTAL_SHOWN ? count : short)(value), grows: true },
  { name: 'requests_per_second', label: 'Requests per second', about: 'last 60 s', format: decimal },
  { name: 'error_rate', label: 'Error rate', about: 'last 60 s', format: percent, worse: true, ofRequests: true },
  { name: 'average_latency_ms', label: 'Average latency', about: 'last 60 s', format: ms, worse: true, ofRequests: true },
  { name: 'active_users', label: 'Active users', about: 'last 5 min', format: short },
];
// Users are counted over five minutes, as the figure is, so that both can be compared.
const SERIES = [['requests', 'sum', 60], ['errors', 'sum', 60], ['latency', 'avg', 60], ['events', 'unique', 300]];

export class Overview {
  constructor() {
    this.loadedAt = -Infinity;
    this.past = null;
    this.cards = FIGURES.map((figure) => {
      const card = { ...figure, value: el('strong', {}, '–'), change: el('span', { className: 'change' }), spark: new Spark(96, 28) };
      byId('figures').append(el('div', { className: 'figure' }, el('dt', {}, figure.label, ' ', el('span', { className: 'soft' }, figure.about)), el('dd', {}, el('div', { className: 'line' }, card.value, card.spark.root), card.change)));
      return card;
    });
  }

  /** Show the snapshot of `now` (seconds); the minutes before are loaded again once a minute. */
  show({ overview, realtime_stats: last }, now) {
    if (now - this.loadedAt > AGAIN) this.#load(now);
    for (const card of this.cards) {
      const nothing = card.ofRequests && !overview[card.name] && last.requests_last_1min === 0; // the snapshot says 0
      const value = nothing ? null : overview[card.name];
      setText(card.value, card.format(value));
      const past = this.past?.[card.name];
      if (!past) continue;
      card.spark.show(card.grows ? past.slice(0, -1) : [...past, value]); // without the minute that is still open
      this.#tellChange(card, past, value);
    }
    this.total = overview.total_requests;
  }

  /** Forget the minutes before, as after a gap. */
  reset() {
    this.loadedAt = -Infinity;
  }

  #tellChange(card, past, value) {
    if (card.grows) {
      const since = Math.max(0, value - this.past.total); // what came in since the minutes were loaded
      setText(card.change, `+${compact(past.reduce((sum, each) => sum + each, since))} in ${MINUTES} min`);
      return;
    }
    if (value === null) {
      setText(card.change, 'no requests in 60 s');
      card.change.dataset.state = '';
      return;
    }
    const known = past.filter((each) => each !== null);
    const usual = known.reduce((sum, each) => sum + each, 0) / (known.length || 1);
    if (known.length === 0 || usual === 0) {
      setText(card.change, value ? `none in the ${MINUTES} min before` : `unchanged in ${MINUTES} min`);
      card.change.dataset.state = '';
      return;
    }
    const change = Math.round((value / usual - 1) * 100);
    const worse = card.worse && change >= 50;
    card.change.dataset.state = worse ? 'bad' : '';
    const sign = change > 0 ? '▲' : '▼';
    setText(card.change, change === 0 ? `= ${MINUTES} min mean` : change >= FOLD ? `${sign} ${times(value / usual)} the ${MINUTES} min mean` : `${sign} ${percent(Math.abs(change), 0)} vs ${MINUTES} min mean`);
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
        average_latency_ms: latency,
        active_users: users,
      };
    } catch {
      this.loadedAt = now - AGAIN + 5; // again in 5 seconds
    }
  }
}
