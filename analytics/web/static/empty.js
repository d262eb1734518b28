// Start page before the first event: how to send one, and how to run the demo; then a confirmation.

import { home } from './api.js';
import { byId, el, set, setState, setText, icon } from './dom.js';

export class Empty {
  /** `onFirst` is called when the first event arrives while the start page is shown. */
  constructor(onFirst, access) {
    Object.assign(this, { onFirst, access });
    this.root = byId('empty');
    this.isEmpty = null;
  }

  /** Show the instructions while there is no data, and a confirmation when the first arrives. */
  show(snapshot) {
    const { overview, services, realtime_stats: now } = snapshot;
    const isEmpty = Object.keys(services).length === 0 && overview.total_requests === 0 && now.recent_events.length === 0;
    if (isEmpty === this.isEmpty) return;
    const isFirst = this.isEmpty === true;
    this.isEmpty = isEmpty;
    for (const id of ['board', 'verdict', 'range-bar']) set(byId(id), 'hidden', isEmpty);
    if (isEmpty) this.#teach();
    else if (isFirst) {
      this.#received(now.recent_events[0], Object.keys(services)[0]);
      this.onFirst();
    }
  }

  #teach() {
    this.state = el('p', { className: 'state waiting', 'data-state': 'idle', role: 'status' }, icon('idle'), el('span', {}, 'waiting for the first event…'));
    const { isKeyRequired } = this.access;
    this.lessons = el('div', { className: 'lessons' });
    import('./lessons.js')
      .then(({ lessons }) => this.lessons.append(...lessons(home(), isKeyRequired)))
      .catch(() => setText(this.lessons, 'The examples could not be loaded; load the page again.'));
    const title = el('h2', { id: 'empty-title', className: 'hidden' }, 'First event');
    this.key = el('p', { hidden: !isKeyRequired }, 'KEY is a key with the scope ingest, made with ', el('code', {}, 'analytics keys create --name web --scope ingest'), '.');
    this.root.replaceChildren(title, this.state, this.key, this.lessons);
    set(this.root, 'hidden', false);
  }

  #received(event, service) {
    setState(this.state, 'good', event ? `received: ${event.type} from ${event.service}` : `received: ${service} reports`);
    const close = el('button', { type: 'button' }, 'Close');
    close.addEventListener('click', () => set(this.root, 'hidden', true));
    this.state.append(close);
    this.key.remove();
    this.lessons.remove();
  }
}
