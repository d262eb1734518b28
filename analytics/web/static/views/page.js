// A page with a form of filters, whose view is in its address.

import { Access } from '../access.js';
import { said } from '../alerts/sources.js';
import { Bell } from '../bell.js';
import { byId, set, setState } from '../dom.js';
import { startSwitches } from '../switches.js';

export class ViewPage {
  /**
   * `address` reads and writes views; `fill` shows what of a view needs no request; `load` is called with a view and
   * an `AbortSignal`, and shows the answers of the service. `missing` is shown where the service answers 404.
   */
  constructor(address, { fill = () => {}, load, missing = null }) {
    Object.assign(this, { address, fill, load, missing, view: address.read(location.search), asking: null });
    this.form = byId('filters');
    this.access = new Access(() => {
      new Bell().start();
      this.show();
    });
  }

  start() {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#apply();
    });
    this.form.addEventListener('change', (event) => event.target.tagName === 'SELECT' && this.#apply());
    addEventListener('popstate', () => {
      this.#change(this.address.read(location.search));
      this.show();
    });
    startSwitches();
    this.#change(this.view);
    this.access.start();
  }

  /** Go to another view, which becomes the address. */
  go(change) {
    this.#change({ ...this.view, ...change });
    history.pushState(null, '', `${location.pathname}${this.address.write(this.view)}`);
    this.show();
  }

  /** Keep a change of the view in the address, without a new entry of the history and without loading. */
  note(change) {
    this.view = { ...this.view, ...change };
    history.replaceState(null, '', `${location.pathname}${this.address.write(this.view)}`);
  }

  /** Show what the view says; an earlier view that is still loading is given up. */
  async show() {
    this.asking?.abort();
    const mine = new AbortController();
    this.asking = mine;
    byId('board').setAttribute('aria-busy', 'true');
    try {
      await this.load(this.view, mine.signal);
      if (mine === this.asking) this.tell('');
    } catch (error) {
      if (mine !== this.asking) return;
      this.tell((error.status === 404 && this.missing) || problemOf(error));
    }
    if (mine === this.asking) byId('board').setAttribute('aria-busy', 'false');
  }

  /** Do what a button stands for, until another view is shown: `act` is called with an `AbortSignal`. Show why it fails. */
  async attempt(act) {
    const { signal } = this.asking;
    this.tell('');
    try {
      await act(signal);
    } catch (error) {
      if (!signal.aborted) this.tell(problemOf(error));
    }
  }

  /** Show a problem; none if the text is empty. */
  tell(problem) {
    const note = byId('problem');
    set(note, 'hidden', !problem);
    if (problem) setState(note, 'bad', problem);
  }

  /** Take another view, and show what of it needs no request. */
  #change(view) {
    this.view = view;
    const { elements } = this.form;
    for (const [name, value] of Object.entries(view)) if (elements[name]) elements[name].value = value;
    elements.span.value = view.from ? 'own' : view.span;
    set(elements.span.querySelector('[value="own"]'), 'hidden', !view.from);
    this.fill(view);
    this.tell('');
  }

  #apply() {
    const { span, ...given } = Object.fromEntries(new FormData(this.form));
    this.go(span === 'own' ? given : { ...given, span, from: '', to: '' });
  }
}

/** What to show for an error: the first field that is wrong, or its message. */
const problemOf = (error) => Object.values(error.fields ?? {})[0]?.[0] ?? said(error);
