// Table of services: sorted, filtered, and updated row by row.

import { scaled, sign } from './compare.js';
import { byId, el, icon, onClick, set, setState, setText } from './dom.js';
import { ago, briefly, clock, count, ms, percent, plural, short, shortly, span, utc } from './format.js';
import { health, stateOf, urgency } from './health.js';
import { nowMs } from './servertime.js';
import { Spark } from './spark.js';
import { withService } from './url.js';
import { errors, share, sinceOf, trouble } from './verdict.js';

const SETTLE_MS = 3000;
const INSTANCES = 20; // named in a title
const COLUMNS = [
  { key: 'name', label: 'Service', of: (row) => row.name.toLowerCase() },
  { key: 'health', label: 'Health now', of: (row, more) => -rank(row, more), low: true },
  { key: 'requests', label: 'Requests', of: (_, { used }) => used?.requests ?? -1, n: true },
  { key: 'errors', label: 'Errors', of: (_, { used }) => used?.errors ?? -1, n: true },
  { key: 'rate', label: 'Error rate', of: (_, { used }) => used?.error_rate ?? -1, n: true },
  { key: 'avg', label: 'Avg', of: (_, { used }) => used?.mean_latency_ms ?? -1, n: true },
  { key: 'p95', label: 'p95', of: (_, { used }) => used?.p95_latency_ms ?? -1, n: true },
  { key: 'uptime', label: 'Uptime', of: (row) => row.uptime_hours, n: true },
  { key: 'beat', label: 'Heartbeat', of: (row) => (row.last_heartbeat ? Date.parse(row.last_heartbeat) : 0), n: true },
  { key: 'trend', label: 'Trend', of: null },
];
const FIRST = 'health-';
const THEN = ['requests', 'errors', 'rate', 'avg', 'p95']; // columns with a figure of the other range
const MANY_ERRORS = 0.1; // of the requests of a bucket, for a mark
const FEWEST_ERRORS = 5;

/** The order of services: the worst first, among equals the greater share of errors first, then the more traffic. */
function rank(row, { wrong, recent }) {
  const urgent = urgency(row, wrong);
  return urgent && urgent + Math.min(0.9, recent);
}

export class Services {
  constructor(view, onChange, board) {
    Object.assign(this, { view, onChange, board, rows: new Map(), sortedAt: 0, loaded: null });
    this.body = byId('services-table').tBodies[0];
    this.filter = byId('services-filter');
    this.filter.value = view.find;
    this.filter.addEventListener('input', () => {
      onChange({ find: this.filter.value });
      this.sort(true);
    });
    this.watcher = new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => Object.assign(target.entry, { isVisible: isIntersecting })));
    this.heads = COLUMNS.map((column) => this.#head(column));
    byId('services-table').tHead.append(el('tr', { role: 'row' }, ...this.heads));
    this.body.addEventListener('click', (event) => {
      const row = event.target.closest('tr');
      if (row && !event.target.closest('a') && !getSelection().toString()) onChange({ service: row.entry.name });
    });
  }

  /**
   * Show the services of a snapshot with their figures of the loaded range; `wrong` has their problems besides their reported
   * health, by name.
   */
  show(services, wrong, loaded) {
    const isOther = loaded?.range.words !== this.loaded?.range.words;
    Object.assign(this, { wrong, loaded });
    const now = new Date(nowMs());
    let changed = isOther;
    const linked = withService(this.view, '');
    if (linked !== this.linked) for (const [name, { link }] of this.rows) link.href = withService(this.view, name);
    this.linked = linked;
    for (const [name, row] of Object.entries(services)) {
      let entry = this.rows.get(name);
      if (entry === undefined) {
        entry = this.#add(name);
        changed = true;
      }
      this.#fill(entry, row, now);
      this.#fillUsed(entry);
    }
    if (this.rows.size > Object.keys(services).length) {
      for (const [name, entry] of this.rows) {
        if (Object.hasOwn(services, name)) continue;
        this.watcher.unobserve(entry.root);
        entry.root.remove();
        this.rows.delete(name);
        changed = true;
      }
    }
    this.sort(changed);
  }

  /** Names in the order in which they stand on the page, those that can be seen first. */
  names() {
    return [...this.body.rows].sort((a, b) => this.isVisible(b.entry.name) - this.isVisible(a.entry.name)).map((root) => root.entry.name);
  }

  /** Whether the row of that service can be seen now. */
  isVisible(name) {
    return this.rows.get(name)?.isVisible === true;
  }

  /** Sort the rows: now, or when the pointer is not over them and the last sort is some time ago. */
  sort(now = false) {
    if (!now && (performance.now() - this.sortedAt < SETTLE_MS || this.body.matches(':hover, :focus-within'))) return;
    this.sortedAt = performance.now();
    const [, key, direction] = /^(\w+)([-+])$/.exec(this.view.sort || FIRST) ?? [];
    const column = COLUMNS.find((each) => each.key === key && each.of) ?? COLUMNS[1];
    const turn = (direction === '-') === Boolean(column.low) ? 1 : -1;
    const sorted = this.view.sort ? column : null;
    COLUMNS.forEach((each, index) => set(this.heads[index], 'ariaSort', each === sorted ? (direction === '+' ? 'ascending' : 'descending') : null));
    const keyed = [...this.rows.values()].map((entry) => ({ entry, value: column.of(entry.row, { used: this.#used(entry.name), wrong: this.wrong?.get(entry.name), recent: this.board.hours.get(entry.name)?.recent ?? 0 }) }));
    keyed.sort((a, b) => (a.value < b.value ? -turn : a.value > b.value ? turn : (this.#used(b.entry.name)?.requests ?? 0) - (this.#used(a.entry.name)?.requests ?? 0) || (a.entry.name < b.entry.name ? -1 : 1)));
    const wanted = this.filter.value.trim().toLowerCase();
    let matching = 0;
    keyed.forEach(({ entry }, index) => {
      const hit = !wanted || entry.name.toLowerCase().includes(wanted) || entry.row.status.includes(wanted);
      set(entry.root, 'hidden', !hit);
      matching += hit;
      if (this.body.rows[index] !== entry.root) this.body.insertBefore(entry.root, this.body.rows[index] ?? null);
    });
    setText(byId('services-count'), `${wanted ? `${count(matching)} of ` : ''}${count(keyed.length)}${this.loaded ? `, ${this.loaded.range.words}` : ''}`);
    set(byId('services-none'), 'hidden', matching > 0);
    setText(byId('services-none'), wanted ? `No service matches “${this.filter.value}”.` : 'No services yet.');
  }

  #head(column) {
    const className = `${column.n ? 'n' : ''} k-${column.key}`;
    if (!column.of) return el('th', { scope: 'col', role: 'columnheader', className }, column.label);
    const button = el('button', { type: 'button' }, column.label);
    button.addEventListener('click', () => {
      const first = column.key === 'name' ? '+' : '-';
      const same = this.view.sort.startsWith(column.key);
      this.onChange({ sort: `${column.key}${same && this.view.sort.endsWith(first) ? (first === '-' ? '+' : '-') : first}` });
      this.sort(true);
    });
    return el('th', { scope: 'col', role: 'columnheader', className }, button);
  }

  #add(name) {
    const link = el('a', { href: withService(this.view, name), title: name }, name);
    onClick(link, () => this.onChange({ service: name }));
    const state = el('span', { className: 'state' }, icon('idle'), el('span'));
    const cells = Object.fromEntries(COLUMNS.map(({ key, label, n }) => [key, el('td', { role: 'cell', className: `${n ? 'n' : ''} k-${key}`, 'data-label': label })]));
    const instances = el('span', { className: 'soft', hidden: true });
    const name_ = el('th', { scope: 'row', role: 'rowheader', className: 'k-name' }, link, instances);
    cells.health.append(state);
    const spark = new Spark(64, 20, true);
    cells.trend.append(spark.root, el('span', { className: 'hidden' }));
    const [, ...rest] = Object.values(cells);
    const root = el('tr', { role: 'row' }, name_, ...rest);
    const values = Object.fromEntries(THEN.map((key) => [key, el('span')]));
    const then = Object.fromEntries(THEN.map((key) => [key, el('span', { className: 'then soft', hidden: true })]));
    for (const key of THEN) cells[key].append(values[key], then[key]);
    const entry = { name, root, link, state, instances, cells, values, then, spark, row: null };
    root.entry = entry;
    this.rows.set(name, entry);
    this.body.append(root);
    this.watcher.observe(root);
    return entry;
  }

  #fill(entry, row, now) {
    const { cells, state, name } = entry;
    entry.row = row;
    const found = this.wrong.get(name);
    const since = row.status_since ? new Date(row.status_since) : null;
    setState(state, stateOf(row, found), `${row.status}${note(row, found, since, now)}`);
    const silent = row.last_heartbeat ? '' : ', no heartbeat so far';
    const wrong = trouble(row, found, now);
    const at = wrong ? sinceOf(row, found) : since;
    set(state, 'title', `${wrong || row.status}${silent}${!wrong && row.message ? `, “${row.message}”` : ''}${at ? ` (since ${utc(at)})` : ''}`);
    const instances = row.instances;
    set(entry.instances, 'hidden', instances.length < 2);
    setText(entry.instances, ` × ${count(instances.length)}`);
    set(entry.instances, 'title', `${plural(instances.length, 'instance')}: ${instances.slice(0, INSTANCES).map((one) => `${one.instance} ${one.status}`).join(', ')}${instances.length > INSTANCES ? ', …' : ''}`);
    setText(cells.uptime, briefly(row.uptime_hours * 3600));
    set(cells.uptime, 'title', span(row.uptime_hours * 3600));
    const beat = row.last_heartbeat ? new Date(row.last_heartbeat) : null;
    setText(cells.beat, beat ? ago((now - beat) / 1000, briefly) : 'never');
    set(cells.beat, 'title', beat ? `${clock(beat)}, ${utc(beat)}` : '');
  }

  /** The figures of a service in the loaded range. */
  #used(name) {
    return this.loaded?.now.services[name];
  }

  /** Fill the cells of the range, and under them those of the other range. */
  #fillUsed(entry) {
    const { cells, then, row, name } = entry;
    const used = this.#used(name);
    const within = this.loaded?.range.within ?? '';
    const isSent = row.request_count > 0;
    const texts = {
      requests: [used && isSent ? short(used.requests) : '–', isSent ? `${used ? count(used.requests) : ''} ${within}` : 'none sent'],
      errors: [short(used?.errors), used ? `${count(used.errors)} ${within}` : ''],
      rate: [percent(used?.error_rate), used?.error_rate === null ? `no requests ${within}` : ''],
      avg: [ms(used?.mean_latency_ms), latencyTitle(row, used, within)],
      p95: [ms(used?.p95_latency_ms), latencyTitle(row, used, within)],
    };
    const before = this.loaded?.other && this.loaded.then.isKept ? this.#before(this.loaded.then.services[name]) : {};
    for (const key of THEN) {
      setText(entry.values[key], texts[key][0]);
      setText(then[key], before[key] ?? '');
      set(then[key], 'hidden', before[key] === undefined);
      set(cells[key], 'title', [texts[key][1], before[key] && `${this.loaded.other.words}: ${before[key]}`].filter(Boolean).join('; '));
    }
    if (!used) return;
    const closed = used.requests_by_bucket.slice(0, this.loaded.range.isLive ? -1 : undefined); // without the bucket that is still open
    const marks = closed.flatMap((requests, index) => (used.errors_by_bucket[index] >= Math.max(FEWEST_ERRORS, requests * MANY_ERRORS) ? [index] : []));
    entry.spark.show(closed, marks);
    const failing = this.wrong.get(name)?.failing;
    const words = `${plural(Math.round(used.requests), 'request')} ${within}${failing ? `; ${errors(failing)}` : ''}`;
    setText(cells.trend.lastChild, words);
    set(cells.trend, 'title', words);
  }

  /** Figures of the other range by column; numbers as they would be over the same length. */
  #before(used) {
    if (!used) return Object.fromEntries(THEN.map((key) => [key, '–']));
    const { now, then } = this.loaded;
    const number = (value) => {
      const { value: found, isExact } = scaled(value, now, then);
      return `${sign(isExact)}${short(Math.round(found))}`;
    };
    return { requests: number(used.requests), errors: number(used.errors), rate: percent(used.error_rate), avg: ms(used.mean_latency_ms), p95: ms(used.p95_latency_ms) };
  }
}

const latencyTitle = (row, used, within) => (row.mean_latency_ms === null ? 'no latency sent' : used?.mean_latency_ms === null ? `none ${within}` : '');

/** The words behind a status: what else is wrong, or since when it holds. */
function note(row, found, since, now) {
  const isQuiet = health(row.status).urgency === 0;
  if (isQuiet && found?.failing) return `, ${share(found.failing)}`;
  if (isQuiet && found?.slow) return `, slow: ${ms(found.slow.now)}`;
  return since && row.status !== 'healthy' ? ` since ${shortly(since, now)}` : '';
}
