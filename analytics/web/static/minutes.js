// The last hour of each service by minute, continued live, and whether its errors are far above its usual. Pure.

export const MINUTES = 60;
export const RECENT = 3;
const FEWEST_ERRORS = 5;
const UNUSUAL = 3;
const DEVIATIONS = 4; // of a number of errors that come by chance
const STILL = 2;
const STILL_RECENT = 4;

/** One service's last hour: requests and errors of each minute, the newest last and still open. */
export class Hour {
  constructor(minute) {
    this.minute = minute;
    this.requests = new Array(MINUTES).fill(0);
    this.errors = new Array(MINUTES).fill(0);
    this.usual = null; // of the day before, where it was asked for
    this.loaded = false;
  }

  /** Take what the service knows: points of one minute each, with ISO timestamps. */
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

  /**
   * How far errors are above the usual, and since when; undefined where they are not, or nobody can tell.
   * The usual is the median of the hours before, or while those are not known of the minutes before.
   */
  unusual() {
    if (!this.loaded) return undefined;
    const split = this.errors.length - RECENT;
    const errors = sum(this.errors.slice(split));
    if (errors < FEWEST_ERRORS) return undefined;
    const usual = this.usual ?? usualShare(this.requests.slice(0, split), this.errors.slice(0, split));
    if (usual === null) return undefined;
    const expected = usual * sum(this.requests.slice(split));
    if (errors < Math.max(expected * UNUSUAL, expected + DEVIATIONS * Math.sqrt(expected + 1))) return undefined;
    let first = split;
    const still = Math.max(usual * STILL, this.recent / STILL_RECENT);
    while (first > 0 && this.errors[first - 1] > 0 && this.errors[first - 1] / Math.max(1, this.requests[first - 1]) >= still) first -= 1;
    while (first < this.errors.length - 1 && this.errors[first] === 0) first += 1;
    const since = first > 0 ? (this.minute - (this.errors.length - 1 - first)) * 60 : null;
    return { ratio: this.recent / usual, errors, seconds: RECENT * 60, since };
  }
}

/** The usual share of errors: the median over buckets that had requests, or their mean where most had no error. */
export function usualShare(requests, errors) {
  const shares = errors.flatMap((each, index) => (requests[index] > 0 ? [each / requests[index]] : [])).sort((a, b) => a - b);
  if (shares.length === 0) return null;
  return shares[shares.length >> 1] || sum(errors) / sum(requests);
}

const sum = (values) => values.reduce((total, each) => total + each, 0);

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
      this.before.set(name, { requests: row.request_count, errors: row.error_count });
      if (old === undefined) continue;
      const rise = { requests: Math.max(0, row.request_count - old.requests), errors: Math.max(0, row.error_count - old.errors) };
      if (rise.requests || rise.errors) rises.set(name, rise);
    }
    return rises;
  }
}
