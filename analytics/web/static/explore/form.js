// The form of the question: shows a view, and reads it back.

import { byId, el } from '../dom.js';
import { WITHOUT_FIELD } from './question.js';

const FEWEST_STEPS = 1;
const MOST_STEPS = 10;

export class QuestionForm {
  /** `onShow` is called when the question is to be answered. */
  constructor(onShow) {
    this.form = byId('question');
    this.steps = byId('steps');
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      onShow();
    });
    this.form.addEventListener('change', () => this.#update());
    byId('add-step').addEventListener('click', () => {
      this.#addStep('');
      this.steps.lastChild.querySelector('input').focus();
    });
  }

  /** Fill the fields with a view. */
  show(view) {
    for (const [name, value] of Object.entries(view)) {
      if (name === 'steps') continue;
      const found = this.form.elements[name];
      for (const field of found instanceof RadioNodeList ? found : [found]) {
        if (field.type === 'radio') field.checked = field.value === value;
        else field.value = value;
      }
    }
    this.steps.replaceChildren();
    for (const step of view.steps.length ? view.steps : ['', '']) this.#addStep(step);
    this.#update();
  }

  /** The view that the fields have. */
  read() {
    const view = { steps: [...this.steps.querySelectorAll('input')].map((input) => input.value) };
    const kind = this.form.elements.question.value;
    for (const field of this.form.querySelectorAll('[name]')) {
      const part = field.closest('[data-for]');
      if (field.name === 'step' || (field.type === 'radio' && !field.checked)) continue;
      if (part === null || part.dataset.for === kind || !(field.name in view)) view[field.name] = field.value;
    }
    return view;
  }

  /** Show the fields that belong to the kind of question. */
  #update() {
    const view = this.read();
    for (const part of this.form.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== view.question;
    for (const label of this.form.querySelectorAll('.custom')) label.hidden = view.span !== 'custom';
    this.form.querySelector('[data-needs="field"]').hidden = WITHOUT_FIELD.includes(view.measure);
    const count = this.steps.children.length;
    byId('add-step').disabled = count >= MOST_STEPS;
    for (const remove of this.steps.querySelectorAll('button')) remove.disabled = count <= FEWEST_STEPS;
  }

  #addStep(value) {
    const input = el('input', { name: 'step', type: 'search', value, maxLength: 1024, spellcheck: false, placeholder: 'type:product_view', 'aria-label': 'Filter of the step' });
    const remove = el('button', { type: 'button', title: 'Remove this step', 'aria-label': 'Remove this step' }, '×');
    const item = el('li', {}, input, remove);
    remove.addEventListener('click', () => {
      item.remove();
      this.#update();
    });
    this.steps.append(item);
    this.#update();
  }
}
