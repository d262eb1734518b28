// The five figures of the range, each beside the other range or its usual value; and the totals of all kept time.

import { coverage, scaled, sign } from './compare.js';
import { byId, el, set, setText } from './dom.js';
import { briefPercent, count, ms, plural, rate, short } from './format.js';
import { aStep } from './range.js';
import { Spark } from './spark.js';
import { extremes, rates } from './summary.js';
import { aboutUsual, usualOf } from './unusual.js';

const USUAL_WITHIN = 86_400; // seconds: the average of a longer range is no current figure
const WORSE = 2; // times the usual
const TOTAL_SHOWN = 1e9;
const total = (value) => (value < TOTAL_SHOWN ? count : short)(value);
const FIGURES = [
  { name: 'requests', label: 'Requests', format: total },
  { name: 'requests_per_second', label: 'Request rate', format: rate },
  { name: 'error_rate', label: 'Error rate', format: briefPercent, worse: true },
  { name: 'mean_latency_ms', label: 'Average latency', format: ms, worse: true },
  { name: 'unique_users', label: 'Active users', format: short },
];

export class Overview {
  constructor() {
    this.cards = FIGURES.map((figure) => {
      const card = { ...figure, about: el('span', { className: 'soft' }), value: el('strong', {}, '–'), change: el('span', { className: 'change' }), spark: new Spark(96, 28) };
      byId('figures').append(el('div', { className: 'figure' }, el('dt', {}, figure.label, ' ', card.about), el('dd', {}, el('div', { className: 'line' }, card.value, card.spark.root), card.change)));
      return card;
    });
  }

  /** Show the figures of the range as of `now` (seconds), and the totals of a snapshot. */
  show(loaded, { overview, services, usual }, now, ever) {
    const rows = Object.values(services);
    const errors = rows.reduce((sum, row) => sum + row.error_count, 0);
    setText(byId('totals'), `All time that is kept: ${total(overview.total_requests)} requests, ${total(errors)} errors, ${plural(rows.length, 'service')}.`);
    this.usual = usual;
    if (loaded === null) {
      for (const card of this.cards) for (const [place, text] of [[card.about, ''], [card.value, '–'], [card.change, '']]) setText(place, text);
      return;
    }
    const { range, now: found } = loaded;
    const values = valuesOf(found.figures, ever);
    const lines = linesOf(found, now);
    for (const card of this.cards) {
      const value = values[card.name];
      setText(card.about, range.words);
      setText(card.value, card.format(value));
      card.spark.show(lines[card.name]);
      if (value === null) {
        const isSent = card.name === 'mean_latency_ms' ? ever.latency : ever.requests;
        this.#note(card, isSent ? `none ${range.within}` : 'none sent');
      } else if (loaded.other) this.#noteOther(card, value, loaded, now);
      else this.#noteUsual(card, value, loaded, lines);
    }
  }

  /** The figure of the other range; requests as they would be over the same length. */
  #noteOther(card, value, { now: found, other, then }, now) {
    if (!then.isKept) {
      this.#note(card, `${other.words}: not kept`);
      return;
    }
    const figures = { ...valuesOf(then.figures, { requests: true, latency: true }) };
    const { value: before, isExact } = card.name === 'requests' ? scaled(figures.requests, found, then) : { value: figures[card.name], isExact: true };
    const title = `${other.words}, ${coverage(then, now)}${isExact ? '' : `: ${plural(figures.requests, 'request')}, here at that rate over the same length`}`;
    const isBad = card.worse && before !== null && value > 0 && value >= before * WORSE;
    this.#note(card, `${other.words} ${sign(isExact)}${before === null ? 'none' : card.format(before)}`, title, isBad);
  }

  #noteUsual(card, value, { range, now: found }, lines) {
    if (card.name === 'requests') {
      this.#note(card, `peak ${rate(extremes(lines.requests_per_second)?.greatest ?? null)}`);
      return;
    }
    if (card.name === 'unique_users') {
      const most = extremes(lines.unique_users)?.greatest;
      this.#note(card, most === undefined ? '' : `up to ${short(most)} ${aStep(found.step)}`);
      return;
    }
    if (!range.isLive || range.to - range.from > USUAL_WITHIN) this.#note(card, '');
    else {
      const usual = usualOf(this.usual, card.name);
      if (usual === null && value === 0) this.#note(card, `none ${range.within}`);
      else if (usual === null) this.#note(card, 'no usual known yet', 'too few records for a baseline');
      else this.#note(card, `usually ${usual === 0 && card.worse ? 'none' : card.format(usual)}`, aboutUsual(this.usual, card.name), card.worse && value > 0 && value >= usual * WORSE);
    }
  }

  #note(card, text, title = '', isBad = false) {
    setText(card.change, text);
    set(card.change, 'title', title);
    if (card.change.dataset.state !== (isBad ? 'bad' : '')) card.change.dataset.state = isBad ? 'bad' : '';
  }
}

/** The value of each figure; null where nothing was sent. */
function valuesOf(figures, ever) {
  const isSent = ever.requests || figures.requests > 0;
  return {
    requests: isSent ? figures.requests : null,
    requests_per_second: isSent ? figures.requests_per_second : null,
    error_rate: figures.error_rate,
    mean_latency_ms: figures.avg_latency_ms,
    unique_users: figures.unique_users,
  };
}

/** The values of each figure over time, without the bucket that is still open. */
function linesOf(found, now) {
  const closed = found.points.filter(({ at }) => at + found.step <= now);
  return {
    requests: closed.map(({ requests }) => requests),
    requests_per_second: rates({ ...found, points: closed }, now).requests,
    error_rate: closed.map(({ requests, errors }) => (requests ? (errors / requests) * 100 : null)),
    mean_latency_ms: closed.map((point) => point.avg_latency_ms),
    unique_users: closed.map((point) => point.unique_users),
  };
}
