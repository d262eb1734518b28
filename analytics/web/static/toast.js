// Notifications of errors: one at a time, with a count; can be muted.

import { byId, el, icon, set, setText } from './dom.js';
import { plural, shorten } from './format.js';
import { keep, recall } from './kept.js';

const SHOWN_MS = 8000;
const LONGEST = 120;
const REST_MS = 60_000;
const KEY = 'analytics.toasts';

export class Toasts {
  constructor() {
    this.restUntil = 0;
    this.hiding = 0;
    this.text = el('span');
    const close = el('button', { type: 'button' }, 'Dismiss');
    const mute = el('button', { type: 'button' }, 'Mute');
    this.root = el('div', { className: 'toast state', hidden: true, 'data-state': 'bad' }, icon('bad'), this.text, close, mute);
    close.addEventListener('click', () => this.#hide());
    mute.addEventListener('click', () => this.#setMuted(true));
    this.root.addEventListener('keydown', (event) => event.key === 'Escape' && this.#hide());
    byId('errors-unmute').addEventListener('click', () => this.#setMuted(false));
    byId('toasts').append(this.root);
    this.#setMuted(recall(KEY) === 'off');
  }

  /** Show an event with an error. */
  error(event) {
    const now = Date.now();
    if (this.root.hidden) {
      if (now < this.restUntil || this.isMuted || document.hidden) return;
      this.errors = new Map();
      this.#hideLater();
    }
    const { service, data } = event;
    this.errors.set(service, (this.errors.get(service) ?? 0) + 1);
    if (this.errors.size === 1 && this.errors.get(service) === 1) {
      const what = data?.message ?? data?.error ?? (data?.status ? `status ${data.status}` : event.type);
      this.#announce(`${service}: ${shorten(String(what), LONGEST)}`);
      return;
    }
    const total = [...this.errors.values()].reduce((sum, each) => sum + each, 0);
    const [worst] = [...this.errors].sort((a, b) => b[1] - a[1]);
    this.#announce(this.errors.size === 1 ? `${plural(total, 'error')} in ${service}` : `${plural(total, 'error')} in ${plural(this.errors.size, 'service')}, most in ${worst[0]}`);
  }

  #setMuted(muted) {
    this.isMuted = muted;
    set(byId('errors-unmute'), 'hidden', !muted);
    keep(KEY, muted ? 'off' : 'on');
    this.#hide();
    if (!muted) this.restUntil = 0;
  }

  /** Hide it after a while, but not while it is hovered or focused. */
  #hideLater() {
    this.hiding = setTimeout(() => (this.root.matches(':hover, :focus-within') ? this.#hideLater() : this.#hide()), SHOWN_MS);
  }

  #hide() {
    if (this.root.hidden) return;
    clearTimeout(this.hiding);
    this.restUntil = Date.now() + REST_MS;
    const hadFocus = this.root.contains(document.activeElement);
    set(this.root, 'hidden', true);
    if (hadFocus) byId('main').focus({ preventScroll: true });
  }

  /** Show so many whole words of `text` as there is room for: a number that is cut would be another number. */
  #announce(text) {
    set(this.root, 'hidden', false);
    setText(this.text, text);
    set(this.text, 'title', text);
    for (let most = text.length; this.text.scrollHeight > this.text.clientHeight && most > 1; most -= 1) setText(this.text, shorten(text, most));
  }
}
