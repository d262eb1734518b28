// The last hour of each service by minute, updated live, and whether it fails or is slow. Pure.

import { median, usualShare } from './usual.js';

export const MINUTES = 60;
export const RECENT = 3;
const FEWEST_ERRORS = 5;
const UNUSUAL = 3;
const DEVIATIONS = 4; // of a number of errors that come by chance
const STILL = 2;
const STILL_RECENT = 4;
const FAILING_SHARE = 0.1; // of a service whose usual is not known
const SLOW = 2; // times the usual, both on average and in the median: neither outliers nor another mix are enough
const SLOW_MS = 10;
const FEWEST_TIMED = 20; // requests
const FEWEST_MINUTES = 10; // with a latency, for a baseline

/**
 * The hours of the day before, as seconds since the epoch: they ended before the newest minutes, which may be the trouble
 * that is compared with them.
 */
export function hoursBefore(now) {
  const end = Math.floor((now - (RECENT + 1) * 60) / 3600) * 3600;
  return { from: end - 86_400, to: end };
}

/** One service's last hour: requests, errors and latencies of each minute, the newest last and still open. */
export class Hour {
  constructor(minute) {
    this.minute = minute;
    this.requests = new Array(MINUTES).fill(0);
    this.errors = new Array(MINUTES).fill(0);
    this.means = new Array(MINUTES).fill(null);
    this.medians = new Array(MINUTES).fill(null);
    this.usual = null; // share of errors of the day before, where it was asked for
    this.usualLatency = null; // average latency of the day before, in ms
    this.loaded = false;
  }

  /** Replace the data by loaded points of one minute each, with ISO timestamps. */
  load(points) {
    if (!points.length) return;
    this.minute = Math.floor(Date.parse(points.at(-1).timestamp) / 60_000);
    this.requests = points.map((point) => point.requests);
    this.errors = points.map((point) => point.errors);
    this.means = points.map((point) => point.avg_latency_ms ?? null);
    this.medians = points.map((point) => point.p50_latency_ms ?? null);
    this.loaded = true;
  }

  /** Count what came in since, at `minute` (minutes since the epoch); latencies are known when they are loaded again. */
  add(minute, requests, errors) {
    const passed = Math.min(MINUTES, minute - this.minute);
    for (let step = 0; step < passed; step += 1) {
      for (const [values, nothing] of [[this.requests, 0], [this.errors, 0], [this.means, null], [this.medians, null]]) {
        values.shift();
        values.push(nothing);
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

  /** Current problems as `{failing, slow}` with details of each; undefined if there are none. */
  wrong() {
    if (!this.loaded) return undefined;
    const [failing, slow] = [this.failing(), this.slow()];
    return failing || slow ? { failing, slow } : undefined;
  }

  /**
   * How far errors are above the usual, and since when; undefined where they are not.
   * The usual is that of the day before, or while that is not known of the minutes before; where there are none either,
   * `usual` is null, and only a great share of errors counts.
   */
  failing() {
    const split = this.errors.length - RECENT;
    const [errors, requests] = [sum(this.errors.slice(split)), sum(this.requests.slice(split))];
    if (errors < FEWEST_ERRORS) return undefined;
    const usual = this.usual ?? usualShare(this.requests.slice(0, split), this.errors.slice(0, split));
    const found = { share: requests ? errors / requests : null, usual, errors, seconds: RECENT * 60, since: null };
    if (usual === null) return errors >= requests * FAILING_SHARE ? found : undefined;
    const expected = usual * requests;
    if (errors < Math.max(expected * UNUSUAL, expected + DEVIATIONS * Math.sqrt(expected + 1))) return undefined;
    let first = split;
    const still = Math.max(usual * STILL, this.recent / STILL_RECENT);
    while (first > 0 && this.errors[first - 1] > 0 && this.errors[first - 1] / Math.max(1, this.requests[first - 1]) >= still) first -= 1;
    while (first < this.errors.length - 1 && this.errors[first] === 0) first += 1;
    return { ...found, since: first > 0 ? (this.minute - (this.errors.length - 1 - first)) * 60 : null };
  }

  /** How far latency is above the usual, in ms; undefined where it is not, or where too little is known. */
  slow() {
    const split = this.means.length - RECENT - 1; // the newest may have been loaded a minute ago
    const known = [...Array(RECENT + 1).keys()].map((index) => split + index).filter((index) => this.means[index] !== null);
    const timed = sum(known.map((index) => this.requests[index]));
    if (timed < FEWEST_TIMED) return undefined;
    const before = this.means.slice(0, split).filter((value) => value !== null);
    if (before.length < FEWEST_MINUTES && this.usualLatency === null) return undefined;
    const usual = this.usualLatency ?? median(before);
    const usualMedian = this.usualLatency === null ? median(this.medians.slice(0, split)) : 0; // the median of a bad hour would not be the usual
    const weighted = (values) => sum(known.map((index) => values[index] * this.requests[index])) / timed;
    const now = weighted(this.means);
    const isSlow = now >= usual * SLOW && now >= usual + SLOW_MS && weighted(this.medians) >= usualMedian * SLOW;
    return isSlow ? { now, usual } : undefined;
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
