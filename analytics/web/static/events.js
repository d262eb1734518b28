// Live feed of events: filtered by the service, can be paused; each event opens to show all of its data.

import { address, iso } from './api.js';
import { brief } from './brief.js';
import { byId, el, icon, set, setText } from './dom.js';
import { EventSearch } from './eventsearch.js';
import { count, day, plural, rate, sameDay, stamp, utc } from './format.js';
import { linksOfEvent } from './joins.js';
import { now as clock } from './servertime.js';

const SHOWN = 40;
const EVERY_MS = 500;
const NOTED_MS = 20_000;
const RETRY_MS = 2000;
const AGAIN_MS = 5000; // how often a search is repeated while new events arrive

/** Whether an event is an error or a failed request. */
export const isError = (event) => event.type === 'error' || (event.type === 'request' && Number(event.data?.status) >= 500);

export class Events {
  constructor(view, choice, onChange) {
    Object.assign(this, { view, choice, onChange, paused: false, waiting: [], held: 0, room: SHOWN, searchedAt: 0, cursor: null, seen: 0, lost: 0, failed: false, since: performance.now() });
    this.list = byId('feed');
    this.search = new EventSearch(view, onChange);
    this.older = byId('events-older');
    this.older.addEventListener('click', () => this.#showOlder());
    this.type = byId('events-type');
    this.service = byId('events-service');
    this.type.addEventListener('change', () => onChange({ type: this.type.value }));
    this.service.addEventListener('change', () => onChange({ source: this.service.value }));
    byId('events-pause').addEventListener('click', () => this.#pause(!this.paused));
    setInterval(() => this.#flush(), EVERY_MS);
  }

  /** Subscription of the live connection: the filters of the view. */
  wanted() {
    const service = this.view.service || this.view.source;
    return { events: this.view.type ? [this.view.type] : 'all', service: service ? [service] : 'all' };
  }

  /** Reload the stored events, for example after a change of filters. */
  async reload() {
    this.search.show();
    this.#choose(this.type, this.view.type);
    this.#choose(this.service, this.view.service || this.view.source);
    set(this.service, 'disabled', Boolean(this.view.service));
    this.loading?.abort();
    this.loading = new AbortController();
    const { signal } = this.loading;
    this.waiting = [];
    try {
      const { events, cursor, note } = await this.search.read(this.#asked(), SHOWN, signal);
      const later = this.view.q ? [] : this.waiting.filter((event) => !events.some((kept) => kept.id === event.id));
      if (this.failed || note) this.#note(note);
      this.failed = false;
      this.searchedAt = performance.now();
      this.room = SHOWN;
      this.#offerOlder(cursor);
      this.waiting = [];
      this.list.replaceChildren(...[...later.reverse(), ...events].slice(0, SHOWN).map(line));
      this.#date();
    } catch (error) {
      if (signal.aborted) return;
      if (error.fields?.q) {
        this.search.tell(error.fields.q[0]);
        this.list.replaceChildren();
        this.#offerOlder(null);
        this.#noteEmpty();
        return;
      }
      this.failed = true;
      this.#note('Kept events could not be loaded yet; new ones appear as they arrive.');
      setTimeout(() => signal.aborted || this.reload(), RETRY_MS);
    }
    this.#noteEmpty();
  }

  /** Show how many events were lost; any message may report it. */
  missed(number) {
    if (!number) return;
    this.lost += number;
    this.#note(`${plural(this.lost, 'event')} dropped: they came faster than this page could take them.`);
  }

  /** Add an event that is in the range. */
  add(event) {
    const { from, to, isLive } = this.choice.at(clock());
    const at = Date.parse(event.timestamp) / 1000;
    if (at < from || (!isLive && at >= to)) return;
    const service = this.view.service || this.view.source;
    if ((this.view.type && event.type !== this.view.type) || (service && event.service !== service)) return; // sent before the filters changed
    this.seen += 1;
    this.waiting.push(event);
    if (this.waiting.length > SHOWN) {
      if (this.paused) this.held += this.waiting.length - SHOWN;
      this.waiting.splice(0, this.waiting.length - SHOWN);
    }
  }

  /** Offer these types and services in the filters. */
  offer(types, services) {
    this.#options(this.type, types, this.view.type, 'All types');
    this.#options(this.service, services, this.view.service || this.view.source, 'All services');
  }

  /** Show that events from a time without a connection are missing. */
  gap() {
    this.#note('Some events of the time without a connection are missing here: they are no longer kept.');
  }

  exportOf(format) {
    const { since: from, until: to } = this.#range();
    return address('/export/events', { format, from, to, type: this.view.type, service: this.view.service || this.view.source, q: this.view.q });
  }

  /** What is asked of the service, besides the filter. */
  #asked() {
    return { type: this.view.type, service: this.view.service || this.view.source, ...this.#range() };
  }

  #offerOlder(cursor) {
    this.cursor = cursor;
    set(this.older, 'hidden', cursor === null);
  }

  /** Add the next older events to the list. */
  async #showOlder() {
    const { signal } = this.loading;
    set(this.older, 'disabled', true);
    try {
      const { events, cursor, note } = await this.search.read(this.#asked(), SHOWN, signal, this.cursor);
      if (signal.aborted) return;
      this.room += events.length;
      this.list.append(...events.map(line));
      this.#offerOlder(cursor);
      this.#date();
      if (note) this.#note(note);
    } catch {
      if (!signal.aborted) this.#note('Older events could not be loaded; try again.');
    } finally {
      set(this.older, 'disabled', false);
    }
  }

  /** Search again while new events arrive: only the service knows which of them match. */
  #searchAgain() {
    const hasNew = this.waiting.length > 0;
    if (!hasNew || this.paused || document.hidden || this.room > SHOWN || performance.now() - this.searchedAt < AGAIN_MS) return;
    if (!this.list.querySelector('details[open]')) this.reload();
  }

  /** The range as the service is asked for it; one that moves on has no end. */
  #range() {
    const { from, to, isLive } = this.choice.at(clock());
    return { since: iso(from), until: isLive ? undefined : iso(to) };
  }

  /** Drop the events from before a range that moves on. */
  #dropOld() {
    const { from, isLive } = this.choice.at(clock());
    const last = this.list.lastElementChild;
    if (!isLive || this.paused || !last || last.eventAt >= from || this.list.querySelector('details[open]')) return;
    for (const item of [...this.list.children]) if (item.eventAt < from) item.remove();
    this.#noteEmpty();
  }

  #pause(paused) {
    this.paused = paused;
    byId('events-pause').setAttribute('aria-pressed', String(paused));
    this.held = 0;
    this.#flush();
  }

  #flush() {
    const now = performance.now();
    if (now - this.since > 2000) {
      setText(byId('events-rate'), rate(Math.round((this.seen / (now - this.since)) * 10_000) / 10));
      this.seen = 0;
      this.since = now;
    }
    if (day(new Date()) !== this.day) this.#date();
    this.#dropOld();
    if (this.notedAt && now - this.notedAt > NOTED_MS) this.#note('');
    const waiting = this.view.q ? 0 : this.waiting.length + this.held;
    setText(byId('events-pause'), this.paused ? (waiting ? `Resume (${count(waiting)} new)` : 'Resume') : 'Pause');
    if (this.view.q) {
      this.#searchAgain();
      return;
    }
    if (this.paused || this.waiting.length === 0 || document.hidden || this.list.querySelector('details[open]')) {
      if (!this.paused && this.list.querySelector('details[open]')) this.#hold();
      return;
    }
    const listedIds = new Set([...this.list.children].map((item) => item.eventId));
    this.list.prepend(...this.waiting.reverse().filter((event) => !listedIds.has(event.id)).map(line));
    this.waiting = [];
    while (this.list.children.length > this.room) this.list.lastChild.remove();
    this.#date();
    this.#noteEmpty();
  }

  /** Show that new events are held back while one is being read, so that the list does not move. */
  #hold() {
    setText(byId('events-rate'), `held while one is open${this.waiting.length ? `, ${count(this.waiting.length)}${this.waiting.length === SHOWN ? ' or more' : ''} new` : ''}`);
  }

  /** Lines of another day show it, also when the day ends while they are in view. */
  #date() {
    const now = new Date();
    const isAnother = day(now) !== this.day;
    this.day = day(now);
    let dated = false;
    for (const time of this.list.querySelectorAll('time')) {
      const at = new Date(time.dateTime);
      if (isAnother) setText(time, stamp(at, now));
      dated ||= !sameDay(at, now);
    }
    this.list.classList.toggle('dated', dated);
  }

  #note(text) {
    this.notedAt = text ? performance.now() : null;
    if (!text) this.lost = 0;
    setText(byId('events-note'), text);
  }

  #noteEmpty() {
    set(byId('feed-none'), 'hidden', this.list.children.length > 0);
    const { words, within, isLive } = this.choice.at(clock());
    setText(byId('feed-none'), `No events match these filters ${within}${isLive ? ' yet' : ''}.`);
    setText(byId('events-about'), isLive ? words : `${words}, stands still`);
  }

  #choose(select, value) {
    if (value && ![...select.options].some((option) => option.value === value)) select.append(el('option', { value }, value));
    select.value = value;
  }

  #options(select, names, chosen, all) {
    const wanted = [...new Set([...names, ...(chosen ? [chosen] : [])])].sort((a, b) => a.localeCompare(b));
    const listed = wanted.join('\n');
    if (select.listed === listed || document.activeElement === select) return;
    select.listed = listed;
    select.replaceChildren(el('option', { value: '' }, all), ...wanted.map((name) => el('option', { value: name }, name)));
    select.value = chosen;
  }
}

/** An event as a line that opens. */
export function line(event) {
  const at = new Date(event.timestamp);
  const bad = isError(event);
  const details = el(
    'details',
    {},
    el(
      'summary',
      {},
      el('time', { dateTime: event.timestamp, title: utc(at) }, stamp(at)),
      el('span', { className: `type${bad ? ' state' : ''}`, 'data-state': bad ? 'bad' : undefined, title: event.type }, ...(bad ? [icon('bad')] : []), event.type),
      el('span', { className: 'of', title: event.service }, event.service),
      el('span', { className: 'soft user', title: event.user_id ?? '' }, event.user_id ?? ''),
      brief(event.data ?? {}),
    ),
  );
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) details.append(linksOfEvent(event) ?? '', el('pre', { tabIndex: 0 }, JSON.stringify(event, null, 2)));
  });
  return Object.assign(el('li', {}, details), { eventId: event.id, eventAt: at.getTime() / 1000 });
}
