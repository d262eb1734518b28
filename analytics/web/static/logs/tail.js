// The live tail: lines as they come, with a pause; the newest are on top.

import { address } from '../api.js';

const MOST_WAITING = 1_000;

export class Tail {
  /** `onLines` is called with new lines, newest first, and how many were missed; `onState` with `live`, `paused` or `broken`. */
  constructor(onLines, onState) {
    Object.assign(this, { onLines, onState, source: null, waiting: [], missed: 0, isPaused: false, frame: 0 });
  }

  /** Follow the lines that match the filters. */
  start(filters) {
    this.stop();
    this.isPaused = false;
    this.source = new EventSource(address('/logs/tail', filters));
    this.source.addEventListener('open', () => this.onState('live'));
    this.source.addEventListener('error', () => this.onState('broken'));
    this.source.addEventListener('dropped', ({ data }) => {
      this.missed += JSON.parse(data).dropped;
    });
    this.source.addEventListener('message', ({ data }) => {
      this.waiting.unshift(JSON.parse(data));
      if (this.waiting.length > MOST_WAITING) this.missed += this.waiting.splice(MOST_WAITING).length;
      if (!this.isPaused) this.#soon();
    });
  }

  /** Hold new lines back, or show those that came meanwhile. */
  pause(isPaused) {
    this.isPaused = isPaused;
    this.onState(isPaused ? 'paused' : 'live');
    if (!isPaused) this.#soon();
  }

  stop() {
    this.source?.close();
    cancelAnimationFrame(this.frame);
    Object.assign(this, { source: null, waiting: [], missed: 0, frame: 0 });
  }

  #soon() {
    this.frame ||= requestAnimationFrame(() => {
      const [lines, missed] = [this.waiting, this.missed];
      Object.assign(this, { waiting: [], missed: 0, frame: 0 });
      this.onLines(lines, missed);
    });
  }
}
