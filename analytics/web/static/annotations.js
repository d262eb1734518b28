// Annotations: loaded again and again, drawn in every chart, listed under the charts, added and deleted.

import { request } from './api.js';
import { AnnotationForm } from './annotationform.js';
import { told } from './annotation.js';
import { byId, el, set, setText } from './dom.js';
import { plural } from './format.js';
import { now } from './servertime.js';
import { zone } from './zone.js';

const AGAIN_MS = 5000;
const SURE_MS = 4000;
const DAYS = 90;
const SHOWN = 50;

export class Annotations {
  /** `groups` are the charts that show them; the first one's time is that of the list. */
  constructor(view, groups, access) {
    Object.assign(this, { view, groups, access, all: [], loadedAt: -Infinity, isFailing: false });
    this.list = byId('annotations-list');
    this.rows = new Map();
    this.key = '';
    this.form = new AnnotationForm(view, groups[0], () => this.load());
    zone.addEventListener('change', () => {
      this.rows.clear();
      this.key = '';
    });
  }

  /** Show those of the view; load them, if the last time is a while ago. */
  show() {
    if (performance.now() - this.loadedAt > AGAIN_MS) this.load();
    this.#draw();
  }

  /** Load them now. While nothing changed, the service answers that alone: the browser has them still. */
  async load() {
    this.loadedAt = performance.now();
    const from = new Date((Math.floor(now() / 86_400) - DAYS) * 86_400_000).toISOString();
    try {
      const response = await request('/annotations', { from, limit: 1000 });
      if (!response.ok) throw new Error(response.status);
      const { annotations } = await response.json();
      const seconds = (time) => time && Date.parse(time) / 1000;
      this.all = annotations.map(({ time, end, ...rest }) => ({ ...rest, from: seconds(time), to: seconds(end) })).reverse();
      this.isFailing = false;
    } catch {
      this.isFailing = true;
    }
    this.#draw();
  }

  #draw() {
    const { service } = this.view;
    const wanted = service ? this.all.filter((one) => one.service === null || one.service === service) : this.all;
    for (const group of this.groups) group.annotate(wanted);
    const [start, end] = this.groups[0].zoom ?? this.groups[0].charts[0].window ?? [Infinity, 0];
    const within = wanted.filter(({ from, to }) => from <= end && (to ?? from) >= start).reverse();
    const nothing = this.isFailing ? 'Could not be loaded; trying again.' : 'None in this range.';
    setText(byId('annotations-note'), within.length > SHOWN ? `the newest ${SHOWN} of ${within.length} in this range` : within.length ? plural(within.length, 'annotation') : nothing);
    this.#list(within.slice(0, SHOWN));
  }

  #list(shown) {
    const keyOf = ({ id, version }) => `${id}/${version}`;
    const key = shown.map(keyOf).join();
    if (key === this.key) return;
    this.key = key;
    const before = this.rows;
    this.rows = new Map(shown.map((one) => [keyOf(one), before.get(keyOf(one)) ?? this.#row(one)]));
    this.list.replaceChildren(...this.rows.values());
  }

  #row(one) {
    if (one.source !== 'http') return el('li', {}, ...told(one), el('span', { className: 'soft' }, `from ${one.source}`));
    if (!this.access.mayEdit) return el('li', {}, ...told(one));
    const remove = el('button', { type: 'button', className: 'quiet', 'aria-label': `Delete ${one.text}`.slice(0, 100) }, 'Delete');
    remove.addEventListener('click', () => this.#remove(one, remove));
    return el('li', {}, ...told(one), remove);
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
