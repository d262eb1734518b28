// The last hour of all services, and which of them fail or are slow, as the service says.

import { ask, ofService, TaskQueue } from './api.js';
import { Hour, Rises } from './minutes.js';
import { wrongOf } from './unusual.js';

const AGAIN_MS = 60_000;
const WIDTH = 2;
const UNSEEN_A_MINUTE = 20; // services out of sight that are reloaded per minute

export class Board {
  constructor() {
    this.rises = new Rises();
    this.hours = new Map();
    this.tasks = new TaskQueue(WIDTH);
    this.wrong = new Map();
  }

  /**
   * Apply a snapshot taken at `now` (seconds), and what it says is unusual by service; returns the increase of the counters
   * since the last one, by service.
   */
  take(services, unusual, now) {
    const rises = this.rises.of(services);
    const minute = Math.floor(now / 60);
    this.wrong = wrongOf(unusual);
    for (const name of Object.keys(services)) {
      const rise = rises.get(name);
      this.#hour(name, minute).add(minute, rise?.requests ?? 0, rise?.errors ?? 0);
    }
    return rises;
  }

  /** Load the hours of `names`, in that order; again each minute where the service `isVisible`, the others in turns. */
  load(names, isVisible) {
    const now = performance.now();
    const unseen = AGAIN_MS * Math.max(1, names.length / UNSEEN_A_MINUTE);
    for (const name of names) {
      const hour = this.hours.get(name);
      if (!hour || now < (hour.loaded && !isVisible(name) && !this.wrong.has(name) ? hour.unseenDue : hour.due)) continue;
      const spread = 0.9 + Math.random() / 5;
      hour.due = now + AGAIN_MS * spread;
      hour.unseenDue = now + unseen * spread;
      this.tasks.run(async () => {
        hour.load((await ask(ofService(name))).series);
      }).catch(() => {
        hour.due = performance.now() + 5000;
      });
    }
  }

  /** Reset, for example after a time without updates. */
  reset() {
    this.rises.reset();
    for (const hour of this.hours.values()) hour.due = hour.unseenDue = 0;
  }

  #hour(name, minute) {
    let hour = this.hours.get(name);
    if (hour === undefined) {
      hour = new Hour(minute);
      hour.due = hour.unseenDue = 0;
      this.hours.set(name, hour);
    }
    return hour;
  }
}
