// Heat map of the week by hour, with a cursor for pointer, tap and arrow keys, and a text summary.

import { byId, el, set, setText } from './dom.js';
import { count, day, percent, plural, utc, when } from './format.js';
import { errorRate } from './health.js';
import { dayOf, hourOf, inUtc } from './zone.js';

const LEVELS = 5;
const HOURS = [...Array(24).keys()];
const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export class Heat {
  /** `onChoose` is called with the start and the end (seconds) of an hour that was chosen. */
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.table = byId('heat');
    this.pointed = null;
    this.summary = ['', ''];
    const frame = this.table.parentElement;
    frame.addEventListener('keydown', (event) => this.#key(event));
    frame.addEventListener('focus', () => set(byId('heat-summary'), 'ariaLive', 'polite')); // announced only while keys are used
    frame.addEventListener('blur', () => {
      set(byId('heat-summary'), 'ariaLive', 'off');
      this.#point(null);
    });
    this.table.addEventListener('mouseover', ({ target }) => this.#point(target.closest('td.cell')));
    this.table.addEventListener('click', ({ target }) => this.#choose(target.closest('td.cell')));
    this.table.addEventListener('mouseleave', () => this.#point(null));
    byId('heat-legend').append('fewer ', ...[...Array(LEVELS + 1).keys()].map((level) => el('span', { className: `cell l${level}` })), ' more');
  }

  /** Show these hours, oldest first. */
  show(buckets) {
    const greatest = Math.max(1, ...buckets.map((bucket) => bucket.requests));
    const rows = new Map();
    for (const bucket of buckets) {
      const at = new Date(bucket.hour);
      const key = dayOf(at);
      if (!rows.has(key)) rows.set(key, { at, cells: new Map() });
      const { cells } = rows.get(key);
      cells.set(hourOf(at), [...(cells.get(hourOf(at)) ?? []), { at, bucket }]); // two where the clock is put back
    }
    const head = el('tr', {}, el('td'), ...HOURS.map((hour) => el('th', { scope: 'col' }, hour % 3 ? el('span', { className: 'hidden' }, String(hour)) : String(hour))));
    const body = [...rows.values()].reverse().map(({ at, cells }) => el('tr', {}, el('th', { scope: 'row' }, day(at)), ...HOURS.map((hour) => cell(cells.get(hour), greatest))));
    this.table.replaceChildren(el('caption', { className: 'hidden' }, `Requests of each hour, ${inUtc() ? 'UTC' : 'local time'}`), el('thead', {}, head), el('tbody', {}, ...body));
    const busiest = buckets.reduce((best, bucket) => (bucket.requests > best.requests ? bucket : best), { requests: 0 });
    const total = buckets.reduce((sum, bucket) => sum + bucket.requests, 0);
    this.summary = total
      ? [`${plural(total, 'request')}; busiest hour ${when(new Date(busiest.hour))} with ${count(busiest.requests)}.`, `busiest hour: ${utc(new Date(busiest.hour))}`]
      : ['No requests in these days.', ''];
    const { hour } = this.pointed ?? {};
    this.#point(hour ? [...this.table.querySelectorAll('td.cell')].find((each) => each.hour === hour) : null);
  }

  /** Select a cell and show its values; without a cell, show the total. */
  #point(found) {
    this.pointed?.classList.remove('at');
    this.pointed = found?.title ? found : null;
    this.pointed?.classList.add('at');
    const [text, title] = this.pointed ? [this.pointed.title, ''] : this.summary;
    setText(byId('heat-summary'), text);
    set(byId('heat-summary'), 'title', title);
  }

  #choose(found) {
    if (!found?.hour) return;
    const from = Date.parse(found.hour) / 1000;
    this.onChoose(from, from + 3600);
  }

  #key(event) {
    if (event.key === 'Enter' && this.pointed) this.#choose(this.pointed);
    const rows = [...(this.table.tBodies[0]?.rows ?? [])];
    if (!(event.key in KEYS) || rows.length === 0) return;
    event.preventDefault();
    const [down, across] = KEYS[event.key];
    const { pointed } = this;
    const next = pointed ? rows[rows.indexOf(pointed.parentElement) + down]?.cells[pointed.cellIndex + across] : [...rows[0].cells].findLast((each) => each.title);
    if (!next?.title) return;
    this.#point(next);
    next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
}

function cell(found, greatest) {
  if (found === undefined) return el('td', { className: 'cell none' });
  const requests = found.reduce((sum, { bucket }) => sum + bucket.requests, 0);
  const level = requests ? Math.max(1, Math.min(LEVELS, Math.ceil((requests / greatest) * LEVELS))) : 0;
  return el('td', { className: `cell l${level}`, title: found.map(described).join('; '), hour: found[0].bucket.hour }, el('span', { className: 'hidden' }, count(requests)));
}

const described = ({ at, bucket }) =>
  `${when(at)}: ${plural(bucket.requests, 'request')}, ${percent(errorRate(bucket))} errors, ${plural(bucket.unique_users, 'user')} (${utc(at)})`;
