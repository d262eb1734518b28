// Notices of errors: one at a time, counted together, silent on request.

import { byId, el, icon, set, setText } from './dom.js';
import { plural } from './format.js';

const SHOWN_MS = 8000;
const REST_MS = 60_000;
const KEY = 'analytics.toasts';

export class Toasts {
  constructor() {
    this.restUntil = 0;
    this.text = el('span');
    const close = el('button', { type: 'button' }, 'Dismiss');
    const mute = el('button', { type: 'button' }, 'Mute');
    this.root = el('div', { className: 'toast state', hidden: true, 'data-state': 'bad' }, icon('bad'), this.text, close, mute);
    close.addEventListener('click', () => this.#hide());
    mute.addEventListener('click', () => this.#setMuted(true));
    byId('errors-unmute').addEventListener('click', () => this.#setMuted(false));
    byId('toasts').append(this.root);
    this.#setMuted(stored() === 'off');
  }

  /** Tell of an event with an error. */
  error(event) {
    const now = Date.now();
    if (this.root.hidden) {
      if (now < this.restUntil || this.isMuted || document.hidden) return;
      this.errors = new Map();
      setTimeout(() => this.#hide(), SHOWN_MS);
    }
    const { service, data } = event;
    this.errors.set(service, (this.errors.get(service) ?? 0) + 1);
    if (this.errors.size === 1 && this.errors.get(service) === 1) {
      const what = data?.message ?? data?.error ?? (data?.status ? `status ${data.status}` : event.type);
      setText(this.text, `${service}: ${String(what).slice(0, 120)}`);
      set(this.root, 'hidden', false);
      return;
    }
    const total = [...this.errors.values()].reduce((sum, each) => sum + each, 0);
    const [worst] = [...this.errors].sort((a, b) => b[1] - a[1]);
    setText(this.text, this.errors.size === 1 ? `${plural(total, 'error')} in ${service}` : `${plural(total, 'error')} in ${plural(this.errors.size, 'service')}, most in ${worst[0]}`);
  }

  #setMuted(muted) {
    this.isMuted = muted;
    set(byId('errors-unmute'), 'hidden', !muted);
    store(muted ? 'off' : 'on');
    this.#hide();
    if (!muted) this.restUntil = 0;
  }

  #hide() {
    if (this.root.hidden) return;
    this.restUntil = Date.now() + REST_MS;
    set(this.root, 'hidden', true);
  }
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // where nothing may be stored
  }
}

function store(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // then it is so until the page is loaded again
  }
}
