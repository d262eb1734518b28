// The last hour of all services, and which of them fail or are slow compared with their baseline.

import { ask, iso, ofService, TaskQueue } from './api.js';
import { health } from './health.js';
import { Hour, hoursBefore, Rises } from './minutes.js';
import { median, usualShare } from './usual.js';

const AGAIN_MS = 60_000;
const USUAL_AGAIN_MS = 600_000;
const WIDTH = 2;
const MANY_ERRORS = 0.02;
const UNSEEN_A_MINUTE = 20; // services out of sight that are reloaded per minute

export class Board {
  constructor() {
    this.rises = new Rises();
    this.hours = new Map();
    this.tasks = new TaskQueue(WIDTH);
    this.wrong = new Map();
  }

  /** Apply a snapshot taken at `now` (seconds); returns the increase of the counters since the last one, by service. */
  take(services, now) {
    const rises = this.rises.of(services);
    const minute = Math.floor(now / 60);
    this.wrong = new Map();
    for (const name of Object.keys(services)) {
      const hour = this.#hour(name, minute);
      const rise = rises.get(name);
      hour.add(minute, rise?.requests ?? 0, rise?.errors ?? 0);
      const wrong = hour.wrong();
      if (wrong) this.wrong.set(name, wrong);
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

  /** Load yesterday's baseline of services in trouble, because their whole last hour may be bad. */
  loadUsual(services, now) {
    for (const [name, row] of Object.entries(services)) {
      const hour = this.hours.get(name);
      const inTrouble = health(row.status).urgency > 0 || this.wrong.has(name) || hour.recent > MANY_ERRORS;
      if (!inTrouble || performance.now() < (hour.usualDue ?? 0)) continue;
      hour.usualDue = performance.now() + USUAL_AGAIN_MS;
      const { from, to } = hoursBefore(now);
      const range = { service: name, from: iso(from), to: iso(to), step: 3600 };
      this.tasks.run(async () => {
        const [requests, errors, latency] = await Promise.all(
          [['requests', 'sum'], ['errors', 'sum'], ['latency', 'avg']].map(async ([series, agg]) => (await ask('/series', { name: series, agg, ...range })).points.map((point) => point.value)),
        );
        hour.usual = usualShare(requests, errors);
        hour.usualLatency = median(latency);
      }).catch(() => {
        hour.usualDue = performance.now() + 5000;
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
