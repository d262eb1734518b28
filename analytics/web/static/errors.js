// The newest errors, grouped with a count. The service stores them apart, so that traffic does not push them out.

import { ask, iso } from './api.js';
import { byId, el, icon, setText } from './dom.js';
import { count, plural, shorten, stamp, utc } from './format.js';
import { linkOfGroup, linksOfEvent } from './joins.js';

const NEWS_MS = 3000;
const AGAIN_MS = 30_000;
const SHOWN = 20;
const LONGEST = 200; // characters of a message; an opened row has all of it

export class Errors {
  constructor() {
    this.list = byId('errors-list');
    this.rows = new Map();
    this.service = '';
    this.key = null;
    this.total = 0;
    this.loadedAt = -Infinity;
  }

  /**
   * Show the errors of `service`, or with '' of all, in `range`; loaded again when `total`, the errors counted in the range,
   * has changed.
   */
  async show(service, range, total) {
    setText(byId('errors-about'), `${range.words}, grouped, newest first`);
    const passed = performance.now() - this.loadedAt;
    const key = `${service}/${range.name || `${range.from}-${range.to}`}`;
    const isOther = key !== this.key;
    if (!isOther && passed < (total === this.total ? AGAIN_MS : NEWS_MS)) return;
    if (isOther) this.#clear();
    Object.assign(this, { key, service, total, loadedAt: performance.now() });
    try {
      const { errors, kept } = await ask('/errors', { service, since: iso(range.from), until: iso(range.to), limit: SHOWN });
      if (key !== this.key) return;
      this.#fill(errors);
      setText(byId('errors-note'), noteOf(errors, kept, total, range));
    } catch {
      this.loadedAt = performance.now() - AGAIN_MS + NEWS_MS;
      if (this.rows.size === 0) setText(byId('errors-note'), 'Errors could not be loaded yet; trying again.');
    }
  }

  /** Reload with the next snapshot, and show all errors again. */
  reload() {
    this.key = null;
  }

  #clear() {
    this.list.replaceChildren();
    this.rows.clear();
    setText(byId('errors-note'), '');
  }

  /** Update the rows; while one is open or focused, rows do not move. */
  #fill(groups) {
    const isRead = this.list.matches(':focus-within') || this.list.querySelector('[open]') !== null;
    const before = this.rows;
    this.rows = new Map(isRead ? before : []);
    for (const group of groups) {
      const key = JSON.stringify([group.service, group.type, group.message, group.endpoint, group.status]);
      const row = before.get(key) ?? (isRead ? null : line(group, this.service === ''));
      if (row === null) continue;
      this.rows.set(key, row);
      row.fill(group);
    }
    if (!isRead) this.list.replaceChildren(...[...this.rows.values()].map(({ root }) => root));
  }
}

/** The line under the list: how many of all errors of the range it holds. */
function noteOf(groups, kept, total, { words, within }) {
  if (total === 0 && kept === 0) return `No errors ${within}.`;
  if (kept === 0) return `${plural(total, 'error')} counted ${within}, without details: sent as metrics or in heartbeats, or no longer kept.`;
  const more = total > kept ? `; ${count(total - kept)} more are counted without details` : '';
  return `${words[0].toUpperCase()}${words.slice(1)}: ${plural(kept, 'error')} in ${groups.length === SHOWN ? `${count(SHOWN)} or more kinds, the newest first` : plural(groups.length, 'kind')}${more}.`;
}

function line(group, withService) {
  const [number, what, where, when] = ['times', 'what', 'where soft path', 'when soft'].map((className) => el('span', { className }));
  const state = el('span', { className: 'state', 'data-state': 'bad' }, icon('bad'), what);
  const details = el('details', {}, el('summary', {}, number, state, el('span', { className: 'of' }, withService ? group.service : ''), where, when));
  const row = { root: el('li', {}, details), fill };
  let newest = null;
  let cause = '';
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) details.append(linkOfGroup(cause), linksOfEvent(newest) ?? '', el('pre', { tabIndex: 0 }, JSON.stringify(newest, null, 2)));
  });

  function fill({ type, message, endpoint, status, count: times, first, last, fingerprint, latest }) {
    newest = latest;
    cause = fingerprint;
    const code = status === null ? '' : `status ${status}`;
    setText(number, `${count(times)} ×`);
    setText(what, shorten(message ?? (code || type), LONGEST));
    setText(where, [endpoint, message === null ? '' : code].filter(Boolean).join(', '));
    if (when.range === `${first} ${last}`) return;
    when.range = `${first} ${last}`;
    when.replaceChildren(...(first === last ? [] : [time(first), ' – ']), time(last));
    if (!details.open) for (const each of details.querySelectorAll('summary ~ *')) each.remove(); // it shows an older error
  }

  return row;
}

function time(text) {
  const at = new Date(text);
  return el('time', { dateTime: text, title: utc(at) }, stamp(at));
}
