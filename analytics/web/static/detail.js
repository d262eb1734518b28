// Details of one service: status, latency, endpoints, custom metrics, instances and history of health.

import { ask, iso, ofService } from './api.js';
import { byId, el, icon, onClick, set, setState, setText } from './dom.js';
import { ago, clock, decimal, ms, percent, short, span, utc, when } from './format.js';
import { errorRate, stateOf } from './health.js';
import { nowMs } from './servertime.js';
import { Spark } from './spark.js';
import { errors as errorsBesideUsual, latency as latencyBesideUsual } from './verdict.js';

const AGAIN_MS = 10_000;
const SPARKS = 12;
const CHANGES = 50;
const FIGURES = [
  ['Requests', (row) => (row.request_count ? short(row.request_count) : 'none sent')],
  ['Errors', (row) => short(row.error_count)],
  ['Error rate', (row) => percent(errorRate(row))],
  ['Average latency', (row) => (row.mean_latency_ms === null ? 'none sent' : ms(row.mean_latency_ms))],
  ['Uptime', (row) => span(row.uptime_hours * 3600)],
  ['Last heartbeat', (row) => (row.last_heartbeat ? ago((nowMs() - Date.parse(row.last_heartbeat)) / 1000) : 'never')],
];
const PERCENTILES = [['p50', 'p50'], ['p95', 'p95'], ['p99', 'p99'], ['max', 'Greatest'], ['avg', 'Average']];

export class Detail {
  constructor(view, onChange, board) {
    Object.assign(this, { view, onChange, board, name: '', loadedAt: -Infinity });
    const back = el('a', { href: './', className: 'back' }, '← All services');
    onClick(back, () => onChange({ service: '', zoom: '' }, true));
    this.title = el('h2', { id: 'scope-title', tabIndex: -1 });
    this.state = el('p', { className: 'state', 'data-state': 'idle' }, icon('idle'), el('span'));
    this.values = FIGURES.map(() => el('strong', {}, '–'));
    const figures = el('dl', { className: 'figures six' }, ...FIGURES.map(([label], index) => el('div', { className: 'figure' }, el('dt', {}, label), el('dd', {}, this.values[index]))));
    this.message = el('p', { className: 'soft' });
    byId('scope').append(el('div', { className: 'head' }, back, this.title, this.state, el('span', { className: 'soft push' }, 'all retained time')), this.message, figures);
    this.latency = el('dl', { className: 'percentiles' });
    this.endpoints = table('Endpoints', ['Endpoint', 'Requests', 'Errors', 'Error rate', 'Average']);
    this.metrics = table('Own metrics', ['Metric', 'Last', 'Average', 'Least', 'Greatest', 'Last hour']);
    this.changes = table('Changes of health', ['When', 'Health', 'Why'], ['Health', 'Why']);
    this.instances = table('Instances', ['Instance', 'Health', 'Since', 'Last heartbeat', 'Requests', 'Errors', 'Message'], ['Health', 'Message']);
    this.instancesPart = section('Instances', 'its health is the worst of theirs', this.instances.root);
    byId('detail').append(
      el('div', {}, section('Latency', 'all retained time', this.latency), section('Endpoints', 'all retained time', this.endpoints.root)),
      el('div', {}, section('Own metrics', 'all retained time', this.metrics.root), this.instancesPart, section('Health', 'its newest changes', this.changes.root)),
    );
  }

  /** Show the service in the view, if any. */
  open() {
    const { service } = this.view;
    if (service === this.name) return;
    this.name = service;
    const isOpen = service !== '';
    for (const id of ['scope', 'detail']) set(byId(id), 'hidden', !isOpen);
    for (const id of ['overview', 'lists', 'history']) set(byId(id), 'hidden', isOpen);
    if (!isOpen) return;
    setText(this.title, service);
    setState(this.state, 'idle', '');
    for (const value of this.values) setText(value, '–');
    this.latency.replaceChildren();
    for (const each of [this.endpoints, this.metrics, this.changes, this.instances]) each.fill([], '');
    this.loadedAt = -Infinity; // the rest is loaded once a snapshot contains the service
  }

  /** Show the service's row of a snapshot. */
  show(services, wrong) {
    if (this.name === '') return;
    const row = Object.hasOwn(services, this.name) ? services[this.name] : undefined;
    if (row === undefined) {
      setState(this.state, 'idle', 'No service of this name was ever seen.');
      return;
    }
    FIGURES.forEach(([, format], index) => setText(this.values[index], format(row)));
    const since = row.status_since ? new Date(row.status_since) : null;
    const found = wrong.get(this.name);
    const beside = [found?.failing && errorsBesideUsual(found.failing), found?.slow && `latency ${latencyBesideUsual(found.slow)}`].filter(Boolean);
    setState(this.state, stateOf(row, found), [`${row.status}${since ? ` since ${when(since)}` : ''}`, ...beside].join('; '));
    set(this.state, 'title', since ? `since ${utc(since)}` : '');
    setText(this.message, row.message ? `“${row.message}”` : '');
    set(this.message, 'hidden', !row.message);
    this.#showInstances(row.instances);
    const beat = row.last_heartbeat ? new Date(row.last_heartbeat) : null;
    set(this.values.at(-1), 'title', beat ? `${clock(beat)}, ${utc(beat)}` : '');
    this.refresh();
  }

  /** Load the rest with the next snapshot. */
  reload() {
    this.loadedAt = -Infinity;
  }

  /** Load the rest, if the last load is some time ago. */
  async refresh() {
    if (performance.now() - this.loadedAt < AGAIN_MS) return;
    this.loadedAt = performance.now();
    const { name } = this;
    try {
      const [full, changes] = await Promise.all([ask(ofService(name)), ask(ofService(name, 'history'), { limit: CHANGES })]);
      if (name !== this.name) return;
      this.#showLatency(full.latency);
      this.#showEndpoints(full.endpoints.slice(0, 20));
      this.#showChanges(changes.history);
      await this.#showMetrics(name, Object.entries(full.metrics));
    } catch {
      this.loadedAt = performance.now() - AGAIN_MS + 3000;
    }
  }

  #showLatency(latency) {
    if (this.latency.children.length === 0) {
      this.latency.append(...PERCENTILES.map(([, label]) => el('div', {}, el('dt', {}, label), el('dd'))));
    }
    PERCENTILES.forEach(([key], index) => setText(this.latency.children[index].lastChild, ms(latency[key])));
  }

  #showEndpoints(endpoints) {
    this.endpoints.fill(endpoints.map((one) => [one.endpoint, short(one.count), short(one.error_count), percent(one.error_rate), ms(one.mean_latency_ms)]), 'No requests with an endpoint were sent.');
  }

  #showChanges(changes) {
    this.changes.fill(changes.map(({ at, from, to, reason }) => [when(new Date(at)), from ? `${from} → ${to}` : to, reason]), 'No heartbeat so far.');
    changes.forEach(({ at }, index) => set(this.changes.body.rows[index].cells[0], 'title', utc(new Date(at))));
  }

  #showInstances(instances) {
    set(this.instancesPart, 'hidden', instances.length === 0);
    const beat = (one) => (one.last_heartbeat ? ago((nowMs() - Date.parse(one.last_heartbeat)) / 1000) : 'never');
    this.instances.fill(instances.map((one) => [one.instance, one.status, one.status_since ? when(new Date(one.status_since)) : '', beat(one), short(one.request_count), short(one.error_count), one.message ?? '']), '');
  }

  async #showMetrics(name, metrics) {
    const unit = (value, one) => (one.unit && value !== null ? el('span', {}, decimal(value), ' ', el('span', { className: 'unit' }, one.unit)) : decimal(value));
    this.metrics.fill(metrics.map(([metric, one]) => [metric, unit(one.last, one), unit(one.avg, one), unit(one.min, one), unit(one.max, one), null]), 'No metrics of its own were sent.');
    const now = nowMs() / 1000;
    await Promise.all(
      metrics.slice(0, SPARKS).map(async ([metric], index) => {
        const { points } = await ask('/series', { name: metric, service: name, agg: 'avg', from: iso(now - 3600), to: iso(now), step: 60 });
        const row = this.metrics.body.rows[index];
        if (name !== this.name || !row) return;
        row.spark ??= new Spark(84, 20);
        if (!row.spark.root.isConnected) row.cells[5].replaceChildren(row.spark.root);
        row.spark.show(points.map((point) => point.value).filter((value) => value !== null));
      }),
    );
  }
}

const section = (title, about, ...content) => el('section', { 'aria-label': title }, el('div', { className: 'head' }, el('h3', {}, title), el('span', { className: 'soft' }, about)), ...content);

/**
 * A table with those heads, of which the first names a row; columns hold numbers, but for those of `words`.
 * `fill` gives it rows of texts, or of elements, and null leaves a cell as it is.
 */
function table(title, heads, words = []) {
  const classOf = (head) => (words.includes(head) ? 'wrap' : 'n');
  const body = el('tbody', { role: 'rowgroup' });
  const none = el('p', { className: 'soft' });
  const head = el('tr', { role: 'row' }, ...heads.map((each, index) => el('th', { scope: 'col', role: 'columnheader', className: index ? classOf(each) : '' }, each)));
  const caption = el('caption', { className: 'hidden' }, title);
  const shown = el('table', { className: 'rows', role: 'table', hidden: true }, caption, el('thead', { role: 'rowgroup' }, head), body);
  const root = el('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': `Table of ${title.toLowerCase()}` }, shown, none);
  const row = () => el('tr', { role: 'row' }, el('th', { scope: 'row', role: 'rowheader' }), ...heads.slice(1).map((each) => el('td', { className: classOf(each), role: 'cell', 'data-label': each })));
  const put = (cell, content) => (content instanceof Node ? cell.replaceChildren(content) : setText(cell, content));
  const fill = (rows, empty) => {
    while (body.rows.length < rows.length) body.append(row());
    while (body.rows.length > rows.length) body.lastChild.remove();
    rows.forEach((contents, index) => contents.forEach((content, place) => content !== null && put(body.rows[index].cells[place], content)));
    set(shown, 'hidden', rows.length === 0);
    setText(none, rows.length ? '' : empty);
  };
  return { root, body, fill };
}
