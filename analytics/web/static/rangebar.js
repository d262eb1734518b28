// The one place where the range and the comparison of the whole page are chosen.

import { byId, el, set, setText } from './dom.js';
import { span, utc } from './format.js';
import { COMPARISONS, coverage } from './compare.js';
import { byStep, PRESETS } from './range.js';
import { now } from './servertime.js';
import { fromInput, toInput, zone } from './zone.js';

const CUSTOM = 'custom';

export class RangeBar {
  /** `onChange` is called with changes of the view. */
  constructor(view, choice, onChange) {
    Object.assign(this, { view, choice, onChange, lastLive: '' });
    this.form = byId('range-bar');
    this.custom = byId('range-custom');
    this.note = byId('range-note');
    this.live = byId('range-live');
    this.compare = byId('compare');
    this.ranges = byId('ranges');
    for (const [value, { label, words }] of Object.entries(PRESETS)) this.#offer(value, label, words);
    this.#offer(CUSTOM, 'Custom', 'custom range, from and to');
    for (const [value, { label }] of Object.entries(COMPARISONS)) this.compare.append(el('option', { value }, label));
    this.compare.addEventListener('change', () => onChange({ compare: this.compare.value }));
    this.live.addEventListener('click', () => this.leave());
    byId('range-cancel').addEventListener('click', () => {
      this.#open(false);
      this.#check();
    });
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#apply();
    });
    this.custom.addEventListener('keydown', ({ key }) => {
      if (key !== 'Escape') return;
      this.#open(false);
      this.#check();
      this.#checked?.focus();
    });
    zone.addEventListener('change', () => this.#open(false));
  }

  /** Choose a custom range, in seconds. */
  choose(from, to) {
    this.onChange({ range: '', from, to });
  }

  /** Leave a custom range for the last one that moved on. */
  leave() {
    if (this.view.from) this.onChange({ range: this.lastLive, from: '', to: '' });
  }

  /** Show the choices of the view; another range closes the form. */
  update() {
    if (!this.view.from) this.lastLive = this.view.range;
    set(this.compare, 'value', this.view.compare);
    this.#open(false);
    this.#check();
  }

  /** Say what is shown: the range, its buckets, whether it moves on, and what it is compared with. */
  show(loaded, failed, at) {
    if (!this.isOpen) this.#check();
    set(this.live, 'hidden', !this.view.from);
    if (loaded === null) {
      setText(this.note, failed ? 'Could not be loaded; trying again.' : 'Loading…');
      return;
    }
    const { range, other, now: found, then } = loaded;
    const parts = [];
    if (this.choice.isFallback) parts.push(`Showing the ${range.words}: nothing newer was recorded${this.view.service ? ` of ${this.view.service}` : ''}.`);
    if (!found.isKept) parts.push(`${sentence(range.words)}: nothing is kept of that time.`);
    else if (range.isLive) parts.push(`${coverage(found, at)}, ${byStep(found.step)}; moves on.`);
    else {
      const isRounded = found.from !== range.from || found.to !== range.to;
      parts.push(`${range.words}, ${span(range.to - range.from)}, ${byStep(found.step)}${isRounded ? `: ${coverage(found, at)}` : ''}. Stands still${found.to > at ? ', and fills up' : ''}.`);
    }
    if (other && then) parts.push(then.isKept ? `Compared with ${other.words}, ${coverage(then, at)}${then.step === found.step ? '' : `, ${byStep(then.step)}`}.` : `Nothing is kept of ${other.words}.`);
    if (failed) parts.push('Could not be loaded again; trying again.');
    setText(this.note, parts.join(' '));
    set(this.note, 'title', `${utc(new Date(found.from * 1000))} to ${utc(new Date(found.to * 1000))}`);
  }

  get isOpen() {
    return !this.custom.hidden;
  }

  get #checked() {
    return this.ranges.querySelector('input:checked');
  }

  #offer(value, label, words) {
    const input = el('input', { type: 'radio', name: 'range', value, 'aria-label': words });
    input.addEventListener('change', () => {
      if (value === CUSTOM) this.#open(true);
      else this.onChange({ range: value, from: '', to: '' });
    });
    if (value === CUSTOM) {
      input.setAttribute('aria-controls', 'range-custom');
      input.addEventListener('click', () => this.#open(true)); // also where it is chosen already
    }
    this.ranges.append(el('label', {}, input, el('span', {}, label)));
  }

  #check() {
    const wanted = this.isOpen || this.view.from ? CUSTOM : this.view.range || this.choice.chosen;
    for (const input of this.ranges.querySelectorAll('input')) if (input.checked !== (input.value === wanted)) input.checked = input.value === wanted;
  }

  #open(isOpen) {
    if (isOpen === this.isOpen) return;
    set(this.custom, 'hidden', !isOpen);
    if (!isOpen) return;
    const { from, to } = this.choice.at(now());
    const { elements } = this.form;
    elements.from.value = toInput(from);
    elements.to.value = toInput(Math.min(to, Math.floor(now())));
    setText(byId('range-error'), '');
  }

  #apply() {
    const [from, to] = ['from', 'to'].map((name) => fromInput(this.form.elements[name].value));
    const wrong = from === null || to === null ? 'Enter both times.' : from >= to ? 'From must be before To.' : from >= now() ? 'From must not be in the future.' : '';
    setText(byId('range-error'), wrong);
    if (!wrong) this.choose(from, to);
  }
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);
