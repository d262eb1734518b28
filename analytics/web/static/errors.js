// The newest groups of errors, by cause: of events, failed requests, spans and log lines, without resolved and muted ones.

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
    byId('errors-all').href = service ? `failing?${new URLSearchParams({ service })}` : 'failing';
    const passed = performance.now() - this.loadedAt;
    const key = `${service}/${range.name || `${range.from}-${range.to}`}`;
    const isOther = key !== this.key;
    if (!isOther && passed < (total === this.total ? AGAIN_MS : NEWS_MS)) return;
    if (isOther) this.#clear();
    Object.assign(this, { key, service, total, loadedAt: performance.now() });
    try {
      const { errors, groups } = await ask('/errors', { service, state: 'unresolved', since: iso(range.from), until: iso(range.to), limit: SHOWN });
      if (key !== this.key) return;
      this.#fill(groups, new Map(errors.map(({ fingerprint, latest }) => [fingerprint, latest]).reverse())); // of several, the newest
      setText(byId('errors-note'), noteOf(groups, total, range));
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

  /** Update the rows; while one is open or focused, rows do not move. `events` are the newest error events of groups. */
  #fill(groups, events) {
    const isRead = this.list.matches(':focus-within') || this.list.querySelector('[open]') !== null;
    const before = this.rows;
    this.rows = new Map(isRead ? before : []);
    for (const group of groups) {
      const key = group.fingerprint;
      const row = before.get(key) ?? (isRead ? null : line(key, this.service));
      if (row === null) continue;
      this.rows.set(key, row);
      row.fill(group, events.get(key));
    }
    if (!isRead) this.list.replaceChildren(...[...this.rows.values()].map(({ root }) => root));
  }
}

/** The line under the list: how many of all errors of the range it holds. */
function noteOf(groups, total, { words, within }) {
  const found = groups.reduce((sum, group) => sum + group.found.count, 0);
  if (total === 0 && found === 0) return `No errors ${within}.`;
  const others = 'resolved, muted, or counted without details: sent as metrics or in heartbeats, or no longer kept.';
  if (found === 0) return `${plural(total, 'error')} ${within}: ${others}`;
  const isFull = groups.length === SHOWN;
  const more = total > found && !isFull ? `; others are ${others}` : '.'; // found also has what is no failed request
  return `${words[0].toUpperCase()}${words.slice(1)}: ${plural(found, 'error')} in ${isFull ? `the newest ${SHOWN} kinds` : plural(groups.length, 'kind')}${more}`;
}

function line(fingerprint, service) {
  const [number, what, of, where, when] = ['times', 'what', 'of', 'where soft', 'when soft'].map((className) => el('span', { className }));
  const state = el('span', { className: 'state', 'data-state': 'bad' }, icon('bad'), what);
  const details = el('details', {}, el('summary', {}, number, state, of, where, when));
  const row = { root: el('li', {}, details), fill };
  let newest = null;
  let sample = null;
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) details.append(linkOfGroup(fingerprint), linksOfEvent(newest ?? { timestamp: sample?.time, data: sample }) ?? '', el('pre', { tabIndex: 0 }, JSON.stringify(newest ?? sample, null, 2)));
  });

  function fill(group, event) {
    const { first, last, count: times } = group.found;
    newest = event;
    ({ sample } = group);
    setText(number, `${count(times)} ×`);
    setText(what, shorten(group.message.replaceAll('<_>', '…'), LONGEST));
    setText(of, service ? '' : Object.keys(group.services).join(', '));
    setText(where, group.state === 'regressed' ? `${group.type}, came back${group.regressed_in ? ` in ${group.regressed_in}` : ''}` : group.type);
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
