// Traffic charts: requests and errors, latency, and users over a range; loaded from /series and updated live.

import { ask, iso } from './api.js';
import { hasDataBefore, shortestWithData } from './autorange.js';
import { flowCaption, latencyCaption, usersCaption } from './captions.js';
import { Chart } from './chart.js';
import { Group } from './chartgroup.js';
import { byId, el, set, setText } from './dom.js';
import { between, count, ms, rate } from './format.js';
import { parts, RANGES, reaching, Track } from './points.js';
import { now as clock } from './servertime.js';

const SERIES = [
  ['requests', { name: 'requests', agg: 'rate' }],
  ['errors', { name: 'errors', agg: 'rate' }],
  ['p50', { name: 'latency', agg: 'p50' }],
  ['p95', { name: 'latency', agg: 'p95' }],
  ['p99', { name: 'latency', agg: 'p99' }],
  ['users', { name: 'events', agg: 'unique' }],
];
const CHOOSE_AGAIN = 10; // seconds
const PATIENCE = 10; // seconds after which a load without an answer is aborted

export class Traffic {
  constructor(view, onChange) {
    Object.assign(this, { view, onChange, loadedAt: 0, loading: null, anew: true, now: 0, first: '1h', chosen: '1h', chosenFor: null, chosenAt: 0, before: '', ever: { requests: true, latency: true } });
    this.group = new Group((zoom) => onChange({ zoom: zoom ? zoom.join('-') : '' }, true));
    const parent = byId('charts');
    this.flow = new Track(['requests', 'errors']);
    this.latency = new Track(['p50', 'p95', 'p99']);
    this.users = new Track(['users']);
    this.charts = [
      new Chart(parent, this.group, 'Requests and errors', [
        { label: 'requests', color: 'accent', format: rate, kind: 'rate', fill: true },
        { label: 'errors', color: 'bad', format: rate, kind: 'rate', scale: 'errors', room: 2.5, fill: true },
      ]),
      new Chart(parent, this.group, 'Latency', [
        { label: 'p50', color: 'accent', format: ms, kind: 'ms' },
        { label: 'p95', color: 'ink', format: ms, kind: 'ms', dash: [6, 3] },
        { label: 'p99', color: 'soft', format: ms, kind: 'ms', dash: [2, 3] },
      ]),
      new Chart(parent, this.group, 'Active users', [{ label: 'users', color: 'accent', format: count, fill: true }]),
    ];
    this.#offerRanges();
    byId('zoom-reset').addEventListener('click', () => this.group.setZoom(null));
  }

  /** The range in view: that of the address, or the chosen one. */
  get range() {
    return RANGES[this.view.range || this.chosen];
  }

  /** Begin with the range `first` where the address names none. */
  startWith(first) {
    this.first = first;
    this.chosenFor = null;
    if (!this.view.range) this.reload();
  }

  /** Load all points of the view: replace the loaded ones, or keep those with a finer resolution. */
  async reload(anew = true) {
    this.loading?.abort();
    const loading = (this.loading = new AbortController());
    this.startedAt = clock();
    this.anew ||= anew; // until that is done: it may be given up for the next time
    try {
      await this.#choose(loading.signal);
      if (loading.signal.aborted) return;
      const range = this.view.range || this.chosen;
      const wider = reaching(range, this.group.zoom, clock());
      if (wider !== range) {
        this.onChange({ range: wider }); // as of a link that is older than its range is long
        return;
      }
      for (const input of byId('ranges').querySelectorAll('input')) input.checked = input.value === range;
      const [answers, wasBefore] = await Promise.all([this.#ask(clock(), loading.signal), this.#wasBefore(loading.signal)]);
      if (loading.signal.aborted) return;
      this.wasBefore = wasBefore;
      if (this.anew) for (const track of [this.flow, this.latency, this.users]) track.clear();
      this.anew = false;
      this.#take(answers);
      this.failed = false;
    } catch (error) {
      if (loading.signal.aborted) return;
      this.failed = true;
      this.loadedAt = 0;
    } finally {
      if (this.loading === loading) this.loading = null;
    }
    this.draw();
  }

  /** Where the address names no range, choose the shortest that has data; again where newer data may have come. */
  async #choose(signal) {
    const { service, range } = this.view;
    if (range || this.chosenFor === `${this.first}/${service}`) return;
    const chosen = await shortestWithData(this.first, clock(), (query) => this.#values(query, signal));
    if (signal.aborted) return;
    if (chosen !== this.chosen) this.anew = true;
    Object.assign(this, { chosen, chosenFor: `${this.first}/${service}`, chosenAt: clock() });
  }

  /** Whether there were requests before the range begins; once that is so, it stays so. */
  async #wasBefore(signal) {
    const { service } = this.view;
    const key = `${service}/${this.range.label}`;
    if (this.before === key) return true;
    const was = await hasDataBefore(clock() - this.range.seconds, clock(), (query) => this.#values(query, signal));
    if (was) this.before = key;
    return was;
  }

  async #values({ name, agg, from, to, step }, signal) {
    const { points: found } = await points({ name, agg, service: this.view.service, from: iso(from), to: iso(to), step }, signal);
    return found.map(({ value }) => value);
  }

  /** Add the increase of the counters; exact points are loaded from time to time. */
  advance(now, rise) {
    this.now = now;
    const isLoading = this.loading !== null && now - this.startedAt < PATIENCE;
    if (this.failed || this.loadedAt === 0) {
      if (this.failed && !isLoading && now - (this.triedAt ?? 0) > 2) {
        this.triedAt = now;
        this.reload();
      }
      return;
    }
    if (!this.view.range && this.chosen !== this.first && rise.requests > 0 && now - this.chosenAt > CHOOSE_AGAIN) {
      this.chosenFor = null;
      this.isDue = true;
    }
    if (this.range.step <= 60) {
      this.flow.count('requests', rise.requests, now, this.range.step);
      this.flow.count('errors', rise.errors, now, this.range.step);
    }
    if (!isLoading && (this.isDue || now - this.loadedAt > this.range.again)) {
      this.loadedAt = now;
      this.reload(this.isDue || !this.range.keeps); // all of it: late records change earlier points
      this.isDue = false;
    }
    this.draw();
  }

  /** Load everything again with the next update, and not only when that is due. */
  reloadSoon() {
    this.isDue = true;
  }

  /** Answers for each series, oldest first. */
  async #ask(now, signal) {
    const { range } = this;
    const start = Math.min(now - range.seconds, this.group.zoom?.[0] ?? Infinity);
    return Promise.all(
      SERIES.map(async ([track, query]) => {
        const step = track === 'users' ? range.users : range.step;
        const answers = await Promise.all(
          parts(range, now, step, start).map(({ from, to, step: size }) => points({ ...query, service: this.view.service, from: iso(from), to: iso(to), step: size }, signal)),
        );
        return [track, answers];
      }),
    );
  }

  #take(answers) {
    for (const [name, loaded] of answers) for (const answer of loaded) this.#trackOf(name).load(name, answer);
    this.flow.settle();
    this.loadedAt = clock();
  }

  #trackOf(name) {
    return [this.flow, this.latency, this.users].find((track) => track.names.includes(name));
  }

  /** Show the loaded points. */
  draw() {
    if (document.hidden) return;
    const range = this.range;
    const now = Math.max(this.now, this.loadedAt) || clock();
    const window = [now - range.seconds, now];
    const captions = [flowCaption, latencyCaption, usersCaption];
    [this.flow, this.latency, this.users].forEach((track, index) => {
      const step = index === 2 ? range.users : range.step;
      track.trim(Math.min(window[0], this.group.zoom?.[0] ?? Infinity) - range.coarse);
      const columns = index === 2 ? withoutOpen(track.columns(), now, step) : track.columns();
      this.charts[index].show(columns, step, [window[0], index === 2 ? Math.max(window[1], columns[0].at(-1) ?? 0) : window[1]], ...(this.failed ? ['Could not be loaded; trying again.'] : captions[index](since(columns, window[0]), this, step, now)));
    });
    set(byId('zoom-reset'), 'hidden', this.group.zoom === null);
    const chosen = this.view.range || this.chosen === this.first ? null : `Showing the ${range.words}: nothing newer was recorded${this.view.service ? ` of ${this.view.service}` : ''}.`;
    const note = this.group.zoom ? `Zoomed to ${between(this.group.zoom)}; Esc shows all.` : chosen;
    setText(byId('traffic-note'), note ?? 'drag to zoom');
    byId('traffic-note').classList.toggle('hint', note === null);
  }

  #offerRanges() {
    for (const [value, { label, words }] of Object.entries(RANGES)) {
      const input = el('input', { type: 'radio', name: 'range', value, checked: value === (this.view.range || this.chosen), 'aria-label': words });
      input.addEventListener('change', () => {
        this.group.setZoom(null, false);
        this.onChange({ range: value, zoom: '' }, true);
      });
      byId('ranges').append(el('label', {}, input, el('span', {}, label)));
    }
  }
}

/** Points of a series; where buckets of that size are not kept so far back, those that are. */
async function points(asked, signal) {
  try {
    return await ask('/series', asked, signal);
  } catch (error) {
    if (error.status !== 422) throw error;
    return ask('/series', { ...asked, step: undefined }, signal);
  }
}

/** Without the newest bucket, while it is open and fewer are in it than in the one before: it would look like a fall. */
function withoutOpen([times, values], now, step) {
  const isFilling = times.length > 1 && times.at(-1) + step > now && values.at(-1) < values.at(-2);
  return isFilling ? [times.slice(0, -1), values.slice(0, -1)] : [times, values];
}

/** What begins at `start` or later: a zoom may reach further back than its range. */
function since(columns, start) {
  const first = columns[0].findIndex((at) => at >= start);
  return columns.map((column) => (first < 0 ? [] : column.slice(first)));
}
