// The search box of the events, and the pages of events that match: from memory and the long-term store alike.

import { ask } from './api.js';
import { byId, set, setText } from './dom.js';

const MOST_PAGES = 30; // a search for rare events takes several requests
const REASONS = {
  store_unavailable: 'Older events cannot be read now: the long-term store does not answer.',
  store_off: 'Older events are not kept: there is no long-term store.',
};

export class EventSearch {
  constructor(view, onChange) {
    this.view = view;
    this.input = byId('events-find');
    this.input.addEventListener('change', () => onChange({ q: this.input.value.trim() }));
    this.input.addEventListener('search', () => this.input.value === '' && onChange({ q: '' })); // the cross in the box
  }

  /** Show the filter of the view, if nobody is typing another. */
  show() {
    if (document.activeElement !== this.input || this.input.value.trim() === '') this.input.value = this.view.q;
  }

  /**
   * The next events that match, `wanted` of them if there are so many: `{events, cursor, note}`; `cursor` is null at the
   * end, and `note` says what is missing. Throws as `ask` does.
   */
  async read(asked, wanted, signal, cursor = null) {
    const events = [];
    let note = '';
    for (let page = 0; page < MOST_PAGES && events.length < wanted; page += 1) {
      const answer = await ask('/events', { ...asked, q: this.view.q, limit: wanted - events.length, cursor }, signal);
      events.push(...answer.events);
      cursor = answer.next_cursor;
      if (answer.complete === false) note = REASONS[answer.reason] ?? '';
      if (cursor === null) break;
    }
    this.tell('');
    return { events, cursor, note };
  }

  /** Show what is wrong with the filter, or that nothing is. */
  tell(problem) {
    setText(byId('events-wrong'), problem);
    set(byId('events-wrong'), 'hidden', problem === '');
    if (problem) this.input.setAttribute('aria-invalid', 'true');
    else this.input.removeAttribute('aria-invalid');
  }
}
