// The last hour of each service by minute, updated live. Pure.

export const MINUTES = 60;
const RECENT = 3;

/** One service's last hour: requests and errors of each minute, the newest last and still open. */
export class Hour {
  constructor(minute) {
    this.minute = minute;
    this.requests = new Array(MINUTES).fill(0);
    this.errors = new Array(MINUTES).fill(0);
    this.loaded = false;
  }

  /** Replace the data by loaded points of one minute each, with ISO timestamps. */
  load(points) {
    if (!points.length) return;
    this.minute = Math.floor(Date.parse(points.at(-1).timestamp) / 60_000);
    this.requests = points.map((point) => point.requests);
    this.errors = points.map((point) => point.errors);
    this.loaded = true;
  }

  /** Count what came in since, at `minute` (minutes since the epoch). */
  add(minute, requests, errors) {
    const passed = Math.min(MINUTES, minute - this.minute);
    for (let step = 0; step < passed; step += 1) {
      for (const values of [this.requests, this.errors]) {
        values.shift();
        values.push(0);
      }
    }
    if (passed > 0) this.minute = minute;
    this.requests[this.requests.length - 1] += requests;
    this.errors[this.errors.length - 1] += errors;
  }

  /** The share of errors in the newest minutes. */
  get recent() {
    const split = this.errors.length - RECENT;
    return sum(this.errors.slice(split)) / Math.max(1, sum(this.requests.slice(split)));
  }
}

/** Increase of each service's counters from one snapshot to the next. */
export class Rises {
  constructor() {
    this.before = new Map();
  }

  /** Reset: the next snapshot counts as the first one. */
  reset() {
    this.before.clear();
  }

  /** Increases by service; a new service has none, because its counts are from earlier. */
  of(services) {
    const rises = new Map();
    for (const [name, row] of Object.entries(services)) {
      const old = this.before.get(name);
      this.before.set(name, { requests: row.request_count, errors: row.error_count });
      if (old === undefined) continue;
      const rise = { requests: Math.max(0, row.request_count - old.requests), errors: Math.max(0, row.error_count - old.errors) };
      if (rise.requests || rise.errors) rises.set(name, rise);
    }
    return rises;
  }
}

const sum = (values) => values.reduce((total, each) => total + each, 0);
