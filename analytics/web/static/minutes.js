// The last hour of each service by minute, continued live, and whether its errors are far above its usual. Pure.

export const MINUTES = 60;
export const RECENT = 3;
const FEWEST_ERRORS = 5;
const UNUSUAL = 3;

/** One service's last hour: requests and errors of each minute, the newest last and still open. */
export class Hour {
  constructor(minute) {
    this.minute = minute;
    this.requests = new Array(MINUTES).fill(0);
    this.errors = new Array(MINUTES).fill(0);
    this.p95 = null;
    this.loaded = false;
  }

  /** Take what the service knows: points of one minute each, with ISO timestamps. */
  load(points, p95) {
    if (!points.length) return;
    this.minute = Math.floor(Date.parse(points.at(-1).timestamp) / 60_000);
    this.requests = points.map((point) => point.requests);
    this.errors = points.map((point) => point.errors);
    this.p95 = p95;
    this.loaded = true;
  }

  /** Count what came in since, at `minute` (minutes since the epoch). */
  add(minute, requests, errors) {
    const passed = Math.min(MINUTES, minute - this.minute);
    for (let step = 0; step < passed; step += 1) {
      this.requests.shift();
      this.errors.shift();
      this.requests.push(0);
      this.errors.push(0);
    }
    if (passed > 0) this.minute = minute;
    this.requests[this.requests.length - 1] += requests;
    this.errors[this.errors.length - 1] += errors;
  }

  /** How far errors are above the usual, or undefined where they are not, or nobody can tell. */
  unusual() {
    if (!this.loaded) return undefined;
    const split = this.errors.length - RECENT;
    const errors = sum(this.errors, split);
    if (errors < FEWEST_ERRORS) return undefined;
    const recent = errors / Math.max(1, sum(this.requests, split));
    const before = sum(this.requests, 0, split);
    if (before === 0) return undefined;
    const ratio = recent / (sum(this.errors, 0, split) / before);
    return ratio >= UNUSUAL ? { ratio, errors, seconds: RECENT * 60 } : undefined;
  }
}

function sum(values, from, to = values.length) {
  let total = 0;
  for (let index = from; index < to; index += 1) total += values[index];
  return total;
}

/** What each service's counters rose by from one snapshot to the next. */
export class Rises {
  constructor() {
    this.before = new Map();
  }

  /** Forget what was: the next snapshot is the first one. */
  reset() {
    this.before.clear();
  }

  /** Rises by service; one that was not there before has none: what it brings along happened earlier. */
  of(services) {
    const rises = new Map();
    for (const [name, row] of Object.entries(services)) {
      const old = this.before.get(name);
      if (old === undefined) {
        this.before.set(name, { requests: row.request_count, errors: row.error_count });
        continue;
      }
      const rise = { requests: Math.max(0, row.request_count - old.requests), errors: Math.max(0, row.error_count - old.errors) };
      old.requests = row.request_count;
      old.errors = row.error_count;
      if (rise.requests || rise.errors) rises.set(name, rise);
    }
    return rises;
  }
}
