// The live tail: lines as they come, with a pause; the newest are on top.

import { address } from '../api.js';

const MOST_WAITING = 1_000;
const AGAIN_MS = 5_000;

export class Tail {
  /**
   * `onLines` is called with new lines, newest first, and how many were missed; `onState` with `live`, `paused` or `broken`.
   * `sinceShown` returns the lines that came before the connection was open, newest first.
   */
  constructor(onLines, onState, sinceShown) {
    Object.assign(this, { onLines, onState, sinceShown, source: null, waiting: [], missed: 0, isPaused: false, isCatchingUp: false, frame: 0, again: 0 });
  }

  /** Follow the lines that match the filters. */
  start(filters) {
    this.stop();
    this.isPaused = false;
    this.#open(filters);
  }

  #open(filters) {
    this.source = new EventSource(address('/logs/tail', filters));
    this.source.addEventListener('open', ({ target }) => this.#catchUp(target));
    this.source.addEventListener('error', ({ target }) => {
      this.onState('broken');
      if (target.readyState === target.CLOSED) this.again = setTimeout(() => this.#open(filters), AGAIN_MS); // it was refused
    });
    this.source.addEventListener('dropped', ({ data }) => {
      this.missed += JSON.parse(data).dropped;
    });
    this.source.addEventListener('message', ({ data }) => {
      this.waiting.unshift(JSON.parse(data));
      if (this.waiting.length > MOST_WAITING) this.missed += this.waiting.splice(MOST_WAITING).length;
      this.#soon();
    });
  }

  /** Hold new lines back, or show those that came meanwhile. */
  pause(isPaused) {
    this.isPaused = isPaused;
    if (this.source.readyState === this.source.OPEN) this.onState(isPaused ? 'paused' : 'live');
    this.#soon();
  }

  stop() {
    this.source?.close();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.again);
    Object.assign(this, { source: null, waiting: [], missed: 0, isCatchingUp: false, frame: 0 });
  }

  /** Put what came while there was no connection in its place among what waits to be shown. */
  async #catchUp(source) {
    this.isCatchingUp = true;
    const lines = await this.sinceShown();
    if (source !== this.source) return;
    this.isCatchingUp = false;
    const known = new Set(lines.map(({ id }) => id));
    this.waiting = [...this.waiting.filter(({ id }) => !known.has(id)), ...lines].sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
    this.onState(this.isPaused ? 'paused' : 'live');
    this.#soon();
  }

  #soon() {
    if (this.isPaused || this.isCatchingUp) return;
    this.frame ||= requestAnimationFrame(() => {
      const [lines, missed] = [this.waiting, this.missed];
      Object.assign(this, { waiting: [], missed: 0, frame: 0 });
      this.onLines(lines, missed);
    });
  }
}
