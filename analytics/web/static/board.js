// What the page knows of all services over the last hour, and which have errors far above their usual.

import { ask, iso, Lane, ofService } from './api.js';
import { health } from './health.js';
import { Hour, Rises, usualShare } from './minutes.js';

const AGAIN_MS = 60_000;
const USUAL_AGAIN_MS = 600_000;
const LIST_AGAIN_MS = 15_000;
const WIDTH = 2;
const MANY_ERRORS = 0.02;

export class Board {
  constructor() {
    this.rises = new Rises();
    this.hours = new Map();
    this.p95s = new Map();
    this.listDue = 0;
    this.lane = new Lane(WIDTH);
    this.unusual = new Map();
  }

  /** Take a snapshot of `now` (seconds); returns what the counters rose by since the one before, by service. */
  take(services, now) {
    const rises = this.rises.of(services);
    const minute = Math.floor(now / 60);
    this.unusual = new Map();
    for (const name of Object.keys(services)) {
      const hour = this.#hour(name, minute);
      const rise = rises.get(name);
      hour.add(minute, rise?.requests ?? 0, rise?.errors ?? 0);
      const unusual = hour.unusual();
      if (unusual) this.unusual.set(name, unusual);
    }
    return rises;
  }

  /** Load the hours of `names`, in that order; again where that is due and the service `isVisible`. */
  load(names, isVisible) {
    const now = performance.now();
    for (const name of names) {
      const hour = this.hours.get(name);
      if (!hour || now < hour.due || (hour.due > 0 && hour.loaded && !isVisible(name))) continue;
      hour.due = now + AGAIN_MS * (0.9 + Math.random() / 5);
      this.lane.run(async () => {
        hour.load((await ask(ofService(name))).series);
      }).catch(() => {
        hour.due = performance.now() + 5000;
      });
    }
  }

  /** Load the p95 of all services, which snapshots do not tell; again where that is due. */
  async loadList() {
    if (performance.now() < this.listDue) return;
    this.listDue = performance.now() + LIST_AGAIN_MS;
    try {
      const { services } = await ask('/services');
      this.p95s = new Map(Object.entries(services).map(([name, row]) => [name, row.p95_latency_ms]));
    } catch {
      this.listDue = performance.now() + 5000;
    }
  }

  /** The average latency of a row, or null where there was none: rows say 0 then. */
  average(row) {
    return row.avg_latency_ms || (this.p95s.get(row.name) ?? null);
  }

  /** Load the usual share of errors of the day before, for services in trouble: an hour may be bad from end to end. */
  loadUsual(services, now) {
    for (const [name, row] of Object.entries(services)) {
      const hour = this.hours.get(name);
      const inTrouble = health(row.status).urgency > 0 || this.unusual.has(name) || hour.recent > MANY_ERRORS;
      if (!inTrouble || performance.now() < (hour.usualDue ?? 0)) continue;
      hour.usualDue = performance.now() + USUAL_AGAIN_MS;
      const range = { service: name, agg: 'sum', from: iso(now - 86_400), to: iso(now), step: 3600 };
      this.lane.run(async () => {
        const [requests, errors] = await Promise.all(['requests', 'errors'].map(async (series) => (await ask('/series', { name: series, ...range })).points.slice(0, -1).map((point) => point.value)));
        hour.usual = usualShare(requests, errors);
      }).catch(() => {
        hour.usualDue = performance.now() + 5000;
      });
    }
  }

  /** Begin anew, as after a time without updates. */
  reset() {
    this.rises.reset();
    this.listDue = 0;
    for (const hour of this.hours.values()) hour.due = 0;
  }

  #hour(name, minute) {
    let hour = this.hours.get(name);
    if (hour === undefined) {
      hour = new Hour(minute);
      hour.due = 0;
      this.hours.set(name, hour);
    }
    return hour;
  }
}
