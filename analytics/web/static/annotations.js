// Annotations: loaded again and again, drawn in every chart, listed under the charts, added and deleted.

import { request } from './api.js';
import { described } from './annotation.js';
import { byId, el, set, setText } from './dom.js';
import { count, plural } from './format.js';
import { zone } from './zone.js';

const AGAIN_MS = 5000;
const SURE_MS = 4000;
const ROUND = 3600; // seconds: the same address for a while, so that the browser keeps the answer
const MOST = 1000;
const SHOWN = 50;
const NONE = { all: [], hasMore: false };

export class Annotations {
  /** `groups` are the charts that show them, each those of its own range; the list has those of the first one. */
  constructor(view, groups, access) {
    Object.assign(this, { view, groups, access, found: groups.map(() => NONE), asked: '', loadedAt: -Infinity, isFailing: false });
    this.list = byId('annotations-list');
    this.rows = new Map();
    this.key = '';
    this.form = null;
    byId('annotations-add').addEventListener('click', () => this.#toggleForm());
    zone.addEventListener('change', () => {
      this.rows.clear();
      this.key = '';
    });
  }

  /** Show those of the view; load them, if the last time is a while ago or the charts show another range. */
  show() {
    if (performance.now() - this.loadedAt > AGAIN_MS || String(this.#ranges()) !== this.asked) this.load();
    this.#draw();
  }

  /** Load them; the service answers 304 if nothing changed. */
  async load() {
    this.loadedAt = performance.now();
    const ranges = this.#ranges();
    const asked = (this.asked = String(ranges));
    try {
      const found = await Promise.all(ranges.map(annotationsOf));
      if (asked !== this.asked) return; // the charts show another range by now
      this.found = found;
      this.isFailing = false;
    } catch {
      this.isFailing = true;
    }
    this.#draw();
  }

  /** Open or close the form, which is loaded when it is first opened: few people add annotations here. */
  async #toggleForm() {
    try {
      this.form ??= import('./annotationform.js').then(({ AnnotationForm }) => new AnnotationForm(this.view, this.groups[0], () => this.load()));
      (await this.form).toggle();
    } catch {
      this.form = null;
      setText(byId('annotations-note'), 'The form could not be loaded; try again.');
    }
  }

  /** The range of each group (seconds, rounded outwards); null where its charts show none yet. */
  #ranges() {
    return this.groups.map((group) => {
      const range = windowOf(group);
      return range && [Math.floor(range[0] / ROUND) * ROUND, Math.ceil(range[1] / ROUND) * ROUND];
    });
  }

  #draw() {
    const { service } = this.view;
    const wanted = this.found.map(({ all }) => all.filter(isAbout(service)));
    this.groups.forEach((group, place) => group.annotate(wanted[place]));
    const [start, end] = windowOf(this.groups[0]) ?? [Infinity, 0];
    const within = wanted[0].filter(({ from, to }) => from <= end && (to ?? from) >= start).reverse();
    const nothing = this.isFailing ? 'Could not be loaded; trying again.' : 'None in this range.';
    const shown = within.length > SHOWN ? `the newest ${SHOWN} of ${count(within.length)} in this range` : within.length ? plural(within.length, 'annotation') : nothing;
    setText(byId('annotations-note'), this.found[0].hasMore ? `${shown}; only the newest ${count(MOST)} are loaded, choose a shorter range to see others` : shown);
    this.#list(within.slice(0, SHOWN));
  }

  #list(annotations) {
    const keyOf = ({ id, version }) => `${id}/${version}`;
    const key = annotations.map(keyOf).join();
    if (key === this.key) return;
    this.key = key;
    const before = this.rows;
    this.rows = new Map(annotations.map((one) => [keyOf(one), before.get(keyOf(one)) ?? this.#row(one)]));
    this.list.replaceChildren(...this.rows.values());
  }

  #row(one) {
    if (one.source !== 'http') return el('li', {}, ...described(one), el('span', { className: 'soft' }, `from ${one.source}`));
    if (!this.access.mayEdit) return el('li', {}, ...described(one));
    const remove = el('button', { type: 'button', className: 'quiet', 'aria-label': `Delete ${one.text}`.slice(0, 100) }, 'Delete');
    remove.addEventListener('click', () => this.#remove(one, remove));
    return el('li', {}, ...described(one), remove);
  }

  /** Delete one when its button is pressed for the second time, unless somebody changed it meanwhile. */
  async #remove({ id, version }, button) {
    if (!button.isSure) {
      button.isSure = true;
      setText(button, 'Delete it?');
      setTimeout(() => {
        button.isSure = false;
        setText(button, 'Delete');
      }, SURE_MS);
      return;
    }
    set(button, 'disabled', true);
    try {
      const response = await request(`/annotations/${encodeURIComponent(id)}`, {}, { method: 'DELETE', headers: { 'If-Match': `"${version}"` } });
      if (!response.ok && response.status !== 404 && response.status !== 412) throw new Error(response.status);
    } catch {
      set(button, 'disabled', false);
      setText(button, 'Try again');
      return;
    }
    byId('annotations-add').focus();
    this.load();
  }
}

/** The range (seconds) that the charts of a group show; null where they show none yet. */
const windowOf = (group) => group.charts[0]?.window ?? null;

/** Whether an annotation is about a service, or about all; without a service, any is. */
export const isAbout = (service) => (one) => !service || one.service === null || one.service === service;

/** The annotations of a range, oldest first, and whether the service has more of them. */
export async function annotationsOf(range) {
  if (range === null) return NONE;
  const [from, to] = range.map((at) => new Date(at * 1000).toISOString());
  const response = await request('/annotations', { from, to, limit: MOST });
  if (!response.ok) throw new Error(response.status);
  const { annotations, has_more: hasMore } = await response.json();
  const seconds = (time) => time && Date.parse(time) / 1000;
  return { all: annotations.map(({ time, end, ...rest }) => ({ ...rest, from: seconds(time), to: seconds(end) })).reverse(), hasMore };
}
