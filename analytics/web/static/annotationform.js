// The form that adds an annotation: its time is that of the cursor in the charts, else now.

import { request } from './api.js';
import { byId, set, setText } from './dom.js';
import { now } from './servertime.js';
import { fromInput, toInput } from './zone.js';

export class AnnotationForm {
  constructor(view, group, onAdded) {
    Object.assign(this, { view, group, onAdded });
    this.button = byId('annotations-add');
    this.form = byId('annotations-form');
    byId('annotations-cancel').addEventListener('click', () => this.#open(false));
    this.form.addEventListener('keydown', ({ key }) => key === 'Escape' && this.#open(false));
    this.form.addEventListener('input', () => {
      this.form.elements.end.min = this.form.elements.time.value;
    });
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#add();
    });
    group.onPick.push((at) => {
      if (!this.form.hidden) this.form.elements.time.value = toInput(at);
    });
  }

  /** Open or close it. */
  toggle() {
    this.#open(this.form.hidden);
  }

  #open(isOpen) {
    set(this.form, 'hidden', !isOpen);
    this.button.ariaExpanded = String(isOpen);
    if (!isOpen) {
      this.button.focus();
      return;
    }
    this.form.reset();
    setText(byId('annotations-error'), '');
    const { elements } = this.form;
    elements.time.value = toInput(this.group.picked ?? now());
    elements.service.value = this.view.service;
    elements.text.focus();
  }

  async #add() {
    const { text: what, time, end, service, tags, link } = this.form.elements;
    const given = {
      text: what.value.trim(),
      time: iso(time.value),
      end: iso(end.value),
      service: service.value.trim() || null,
      tags: tags.value.split(',').map((tag) => tag.trim()).filter(Boolean),
      link: link.value.trim() || null,
    };
    try {
      const response = await request('/annotations', {}, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(given) });
      if (!response.ok) throw new Error((await response.json()).error.message);
    } catch (error) {
      setText(byId('annotations-error'), error instanceof TypeError ? 'The service does not answer; try again.' : error.message);
      return;
    }
    this.group.picked = null;
    this.#open(false);
    this.onAdded();
  }
}

/** What was entered as RFC 3339; null where it is empty. */
const iso = (value) => (value ? new Date(fromInput(value) * 1000).toISOString() : null);
