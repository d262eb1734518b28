// Details of one service: its figures of the range, and its instances and health.

import { ask, ofService } from './api.js';
import { scaled, sign } from './compare.js';
import { byId, el, icon, onClick, set, setState, setText } from './dom.js';
import { endpointsAbout, endpointsBefore } from './endpoints.js';
import { ago, clock, decimal, ms, percent, short, span, utc, when } from './format.js';
import { stateOf } from './health.js';
import { nowMs } from './servertime.js';
import { Spark } from './spark.js';
import { withService } from './url.js';
import { errors as errorsBesideUsual, latency as latencyBesideUsual } from './verdict.js';

const AGAIN_MS = 10_000;
const SPARKS = 12;
const CHANGES = 1000; // all that are kept
const SHOWN_CHANGES = 50;
/** Label, text of the range (`row` is of all time), and text of the other range. */
const FIGURES = [
  ['Requests', (row, used) => (row.request_count ? short(used?.requests) : 'none sent'), (then, loaded) => number(then.requests, loaded)],
  ['Errors', (row, used) => short(used?.errors), (then, loaded) => number(then.errors, loaded)],
  ['Error rate', (row, used) => percent(used?.error_rate), (then) => percent(then.error_rate)],
  ['Average latency', (row, used) => (row.mean_latency_ms === null ? 'none sent' : ms(used?.avg_latency_ms)), (then) => ms(then.avg_latency_ms)],
  ['Uptime now', (row) => span(row.uptime_hours * 3600)],
  ['Last heartbeat', (row) => (row.last_heartbeat ? ago((nowMs() - Date.parse(row.last_heartbeat)) / 1000) : 'never')],
];
const PERCENTILES = [['p50', 'p50'], ['p95', 'p95'], ['p99', 'p99'], ['max', 'Greatest'], ['avg', 'Average']];

export class Detail {
  constructor(view, onChange) {
    Object.assign(this, { view, name: '', loadedAt: -Infinity, history: null, loaded: null });
    this.back = el('a', { href: './', className: 'back' }, '← All services');
    onClick(this.back, () => onChange({ service: '' }));
    this.title = el('h2', { id: 'scope-title', tabIndex: -1 });
    this.state = el('p', { className: 'state', 'data-state': 'idle' }, icon('idle'), el('span'));
    this.values = FIGURES.map(() => el('strong', {}, '–'));
    this.thens = FIGURES.map(() => el('span', { className: 'change' }));
    this.abouts = [0, 1, 2, 3].map(() => el('span', { className: 'soft' }));
    this.total = el('p', { className: 'soft summary' });
    const figures = el('dl', { className: 'figures six' }, ...FIGURES.map(([label], index) => el('div', { className: 'figure' }, el('dt', {}, label), el('dd', {}, this.values[index], this.thens[index]))));
    this.message = el('p', { className: 'soft' });
    byId('scope').append(el('div', { className: 'head' }, this.back, this.title, this.state, el('span', { className: 'push' }, this.abouts[0])), this.message, figures, this.total);
    this.latency = el('dl', { className: 'percentiles' });
    this.endpoints = table('Endpoints', ['Endpoint', 'Requests', 'Errors', 'Error rate', 'Average']);
    this.metrics = table('Own metrics', ['Metric', 'Last', 'Average', 'Least', 'Greatest', 'Trend']);
    this.endpointsAbout = el('span', { className: 'soft' });
    this.changes = table('Changes of health', ['When', 'Health', 'Why'], ['Health', 'Why']);
    this.instances = table('Instances', ['Instance', 'Health', 'Since', 'Last heartbeat', 'Requests', 'Errors', 'Message'], ['Health', 'Message']);
    this.instancesPart = section('Instances', 'now; its health is the worst of theirs', this.instances.root);
    byId('detail').append(
      el('div', {}, section('Latency', this.abouts[1], this.latency), section('Endpoints', this.endpointsAbout, this.endpoints.root)),
      el('div', {}, section('Own metrics', this.abouts[2], this.metrics.root), this.instancesPart, section('Health', this.abouts[3], this.changes.root)),
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
    for (const text of [...this.thens, ...this.abouts, this.endpointsAbout, this.total]) setText(text, '');
    this.history = null;
    this.latency.replaceChildren();
    for (const each of [this.endpoints, this.metrics, this.changes, this.instances]) each.fill([], '');
    this.loadedAt = -Infinity; // the rest is loaded once a snapshot contains the service
  }

  /** Show the service's row of a snapshot, and the loaded range. */
  show(services, wrong, loaded) {
    if (this.name === '') return;
    this.loaded = loaded;
    const row = Object.hasOwn(services, this.name) ? services[this.name] : undefined;
    if (row === undefined) {
      setState(this.state, 'idle', 'No service of this name was ever seen.');
      return;
    }
    this.back.href = withService(this.view, '');
    this.#showUsed(row);
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

  /** Load the changes of health with the next snapshot. */
  reload() {
    this.loadedAt = -Infinity;
  }

  /** Load the changes of health, if the last load is some time ago. */
  async refresh() {
    if (performance.now() - this.loadedAt < AGAIN_MS) return;
    this.loadedAt = performance.now();
    const { name } = this;
    try {
      const { history } = await ask(ofService(name, 'history'), { limit: CHANGES });
      if (name !== this.name) return;
      this.history = history;
      this.#showChanges();
    } catch {
      this.loadedAt = performance.now() - AGAIN_MS + 3000;
    }
  }

  /** What is of the range: figures, latency, endpoints and metrics. */
  #showUsed(row) {
    const { loaded } = this;
    const [used, then] = [loaded?.now.figures, loaded?.other && loaded.then.isKept ? loaded.then.figures : undefined];
    FIGURES.forEach(([, format, before], index) => {
      setText(this.values[index], format(row, used));
      setText(this.thens[index], then && before ? `${loaded.other.words} ${before(then, loaded)}` : '');
    });
    setText(this.total, `All time that is kept: ${short(row.request_count)} requests, ${short(row.error_count)} errors.`);
    if (!loaded) return;
    for (const about of this.abouts) setText(about, loaded.range.words);
    this.#showLatency(used);
    this.#showEndpoints(loaded);
    this.#showMetrics(Object.entries(loaded.now.metrics), loaded.range.within);
    if (this.history) this.#showChanges();
  }

  #showLatency(figures) {
    if (this.latency.children.length === 0) {
      this.latency.append(...PERCENTILES.map(([, label]) => el('div', {}, el('dt', {}, label), el('dd'))));
    }
    PERCENTILES.forEach(([key], index) => setText(this.latency.children[index].lastChild, ms(figures[`${key}_latency_ms`])));
  }

  #showEndpoints(loaded) {
    const before = endpointsBefore(loaded);
    const about = endpointsAbout(loaded);
    setText(this.endpointsAbout, about);
    const beside = (text, old) => (old === undefined ? text : el('span', {}, text, el('span', { className: 'then soft', title: loaded.other.words }, old)));
    const rows = loaded.now.endpoints.rows.map((one) => {
      const old = before.get(`${one.service} ${one.endpoint}`);
      return [one.endpoint, beside(short(one.requests), old && short(old.requests)), beside(short(one.errors), old && short(old.errors)), beside(percent(one.error_rate), old && percent(old.error_rate)), beside(ms(one.mean_latency_ms), old && ms(old.mean_latency_ms))];
    });
    this.endpoints.fill(rows, `No requests with an endpoint: ${about}.`);
  }

  #showChanges() {
    const { range } = this.loaded ?? {};
    if (!range) return;
    const within = this.history.filter(({ at }) => Date.parse(at) / 1000 >= range.from && Date.parse(at) / 1000 < range.to).slice(0, SHOWN_CHANGES);
    this.changes.fill(within.map(({ at, from, to, reason }) => [when(new Date(at)), from ? `${from} → ${to}` : to, reason]), this.history.length ? `No change ${range.within}.` : 'No heartbeat so far.');
    within.forEach(({ at }, index) => set(this.changes.body.rows[index].cells[0], 'title', utc(new Date(at))));
  }

  #showInstances(instances) {
    set(this.instancesPart, 'hidden', instances.length === 0);
    const beat = (one) => (one.last_heartbeat ? ago((nowMs() - Date.parse(one.last_heartbeat)) / 1000) : 'never');
    this.instances.fill(instances.map((one) => [one.instance, one.status, one.status_since ? when(new Date(one.status_since)) : '', beat(one), short(one.request_count), short(one.error_count), one.message ?? '']), '');
  }

  #showMetrics(metrics, within) {
    const unit = (value, one) => (one.unit && value !== null ? el('span', {}, decimal(value), ' ', el('span', { className: 'unit' }, one.unit)) : decimal(value));
    const of = (one, value) => (one.count ? unit(value, one) : '–');
    this.metrics.fill(metrics.map(([metric, one]) => [metric, of(one, one.last), of(one, one.avg), of(one, one.min), of(one, one.max), null]), 'No metrics of its own were sent.');
    metrics.slice(0, SPARKS).forEach(([metric, one], index) => {
      const row = this.metrics.body.rows[index];
      set(row.cells[0], 'title', one.count ? '' : `${metric}: nothing was recorded ${within}`);
      row.spark ??= new Spark(84, 20);
      if (!row.spark.root.isConnected) row.cells[5].replaceChildren(row.spark.root);
      row.spark.show(one.averages.filter((value) => value !== null));
    });
  }
}

/** A number of the other range, as it would be over the same length. */
function number(value, { now, then }) {
  const { value: found, isExact } = scaled(value, now, then);
  return `${sign(isExact)}${found === null ? '–' : short(Math.round(found))}`;
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
