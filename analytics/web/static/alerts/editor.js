// The editor: a rule's form, and what it would have done in a time that is kept, while one types.

import { Chart } from '../chart.js';
import { Group } from '../chartgroup.js';
import { byId, el, set, setState, setText } from '../dom.js';
import { between, count, decimal, plural, when } from '../format.js';
import { nowMs } from '../servertime.js';
import { mark } from '../views/marking.js';
import { columnsOf, firingSpans, namesOf, outcomeOf, thresholdsOf } from './played.js';
import { ruleOf, valuesOf, withRule } from './rule.js';
import { load, said, send } from './sources.js';
import { labelsText } from './states.js';

const SOON_MS = 400;
const COLORS = ['accent', 'mark', 'good', 'warn', 'soft', 'idle'];
const SHOWN = 20; // times at which it would have fired

export class Editor {
  /** `onSaved` is called when rules were changed. */
  constructor(onSaved) {
    Object.assign(this, { onSaved, opened: null, asking: null, waiting: null });
    this.section = byId('editor');
    this.form = byId('rule');
    this.group = new Group(() => {});
    this.form.addEventListener('input', () => this.#soon());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#save(ruleOf(this.#values(), this.opened?.rule));
    });
    byId('delete').addEventListener('click', () => this.#save(null));
    byId('editor-close').addEventListener('click', () => this.close());
  }

  /** Open a rule of a group, at its place there; or a new one. */
  open(group = '', rule = {}, place = null, mayEdit = true) {
    this.opened = { group, rule, place };
    for (const [name, value] of Object.entries(valuesOf(group, rule))) this.form.elements[name].value = value;
    set(this.form.elements.group, 'readOnly', place !== null);
    setText(byId('editor-title'), rule.alert ?? 'New rule');
    setText(byId('editor-about'), place === null ? '' : `of the group ${group}`);
    set(byId('delete'), 'hidden', place === null || !mayEdit);
    set(byId('save'), 'hidden', !mayEdit);
    setText(byId('saved'), '');
    set(this.section, 'hidden', false);
    this.section.scrollIntoView({ block: 'start' });
    this.form.elements[place === null ? 'alert' : 'expr'].focus({ preventScroll: true });
    this.#clear();
    this.#soon(0);
  }

  close() {
    set(this.section, 'hidden', true);
    clearTimeout(this.waiting);
    this.#stop();
    this.opened = null;
  }

  /** Wait for no answer any more. */
  #stop() {
    this.asking?.abort();
    this.asking = null;
    this.section.setAttribute('aria-busy', 'false');
  }

  #values() {
    return Object.fromEntries([...new FormData(this.form)]);
  }

  #soon(ms = SOON_MS) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#try(), ms);
    const ago = Number(this.form.elements.ago.value);
    setText(byId('until'), ago ? when(new Date(nowMs() + ago * 1000)) : 'now');
  }

  /** Ask what the rule would have done, and show it. */
  async #try() {
    this.#stop();
    const values = this.#values();
    if (!values.expr.trim()) {
      this.#clear();
      return;
    }
    const mine = new AbortController();
    this.asking = mine;
    this.section.setAttribute('aria-busy', 'true');
    const to = Math.floor(nowMs() / 1000) + Number(values.ago);
    const rule = { ...ruleOf(values, this.opened?.rule), alert: values.alert.trim() || 'alert' };
    const iso = (at) => new Date(at * 1000).toISOString();
    try {
      const played = await send('POST', '/rules/test', { rule, from: iso(to - Number(values.span)), to: iso(to) }, mine.signal);
      if (mine === this.asking) this.#show(played);
    } catch (error) {
      if (mine !== this.asking || error.name === 'AbortError') return;
      setState(byId('outcome'), 'bad', said(error));
    }
    this.section.setAttribute('aria-busy', 'false');
  }

  #show(played) {
    const { state, text } = outcomeOf(played);
    const more = played.series_count > played.series.length ? ` ${played.series.length} of ${count(played.series_count)} series are shown.` : '';
    setState(byId('outcome'), state, text + more);
    const spans = firingSpans(played);
    const end = played.times.length ? Date.parse(played.times.at(-1)) / 1000 : 0;
    byId('history').replaceChildren(...spans.slice(-SHOWN).reverse().map(({ labels, from, to }) => el('li', {}, between([Math.round(from), Math.round(to ?? end)]), ' ', el('span', { className: 'soft' }, labelsText(labels)))));
    if (spans.length > SHOWN) byId('history').append(el('li', { className: 'soft' }, `and ${plural(spans.length - SHOWN, 'time')} before`));
    const thresholds = thresholdsOf(played, this.form.elements.clear.value);
    const columns = columnsOf(played, thresholds);
    const names = namesOf(played);
    byId('chart').replaceChildren();
    this.group.charts = [];
    if (columns[0].length < 2 || names.length === 0) return;
    const series = [
      ...names.map((label, place) => ({ label, color: COLORS[place], kind: 'number', format: decimal })),
      ...thresholds.map(({ label }, place) => ({ label, color: place === 0 && played.threshold !== null ? 'bad' : 'good', kind: 'number', format: decimal, dash: [6, 4] })),
    ];
    const chart = new Chart(byId('chart'), this.group, this.form.elements.alert.value || 'Expression', series);
    const range = [columns[0][0], columns[0].at(-1) + played.step];
    chart.show(columns, played.step, range, '');
    mark(chart, range, spans.map(({ labels, from, to }, place) => ({ id: String(place), version: 1, from, to: to ?? end, text: `fires: ${labelsText(labels) || 'no labels'}`, service: null, tags: [], link: null, color: 'bad' })));
  }

  #clear() {
    byId('chart').replaceChildren();
    byId('history').replaceChildren();
    setState(byId('outcome'), 'idle', 'Write an expression to see what it would have done.');
  }

  /** Put the group with the rule, or without it where it is null. */
  async #save(rule) {
    const { place } = this.opened;
    const group = this.form.elements.group.value.trim();
    const path = `/rules/${encodeURIComponent(group)}`;
    setText(byId('saved'), '');
    try {
      const known = await load(path);
      const body = withRule(known === null ? {} : bodyOf(known), place, rule);
      if (body.rules.length) await send('PUT', path, body);
      else await send('DELETE', path);
    } catch (error) {
      setText(byId('saved'), said(error));
      return;
    }
    if (rule === null) this.close();
    else {
      setText(byId('saved'), 'Saved.');
      if (place === null) this.close();
    }
    this.onSaved();
  }
}

const ABOUT = ['id', 'version', 'updated_at', 'updated_by', 'source', 'outcome'];

/** The body of a group, without what the catalog says about it. */
const bodyOf = (known) => Object.fromEntries(Object.entries(known).filter(([name, value]) => !ABOUT.includes(name) && value !== null));
