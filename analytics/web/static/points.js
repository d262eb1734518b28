// Points over time for charts: loaded from /series, extended live, and corrected by later loads. Pure.

/**
 * The ranges of the charts, in seconds: `step` is the bucket of the newest `fine` seconds, `coarse` that of the rest.
 * `keeps`: the page keeps these buckets, because the service drops them before the range ends; `reach`: how far back a
 * zoom may go.
 */
export const RANGES = {
  '5m': { label: '5 min', words: 'last 5 minutes', seconds: 300, reach: 600, step: 5, fine: 110, coarse: 60, users: 60, again: 10, keeps: true },
  '1h': { label: '1 h', words: 'last hour', seconds: 3600, reach: 7200, step: 60, fine: 3600, coarse: 60, users: 60, again: 30 },
  '24h': { label: '24 h', words: 'last 24 hours', seconds: 86_400, reach: 172_800, step: 300, fine: 10_200, coarse: 3600, users: 3600, again: 60 },
  '7d': { label: '7 d', words: 'last 7 days', seconds: 604_800, reach: 604_800, step: 3600, fine: 604_800, coarse: 3600, users: 3600, again: 60 },
  '90d': { label: '90 d', words: 'last 90 days', seconds: 7_776_000, reach: 7_776_000, step: 86_400, fine: 7_776_000, coarse: 86_400, users: 86_400, again: 60 },
};

/**
 * The parts of a range to ask for, from the bucket that holds `start` on: the newest finely, what lies before coarsely, and
 * each moment once; no more than is kept.
 */
export function parts(range, now, step = range.step, start = now - range.seconds) {
  const first = (size) => Math.max(floor(start, size), floor(now - range.reach, size) + size);
  if (range.step === range.coarse || step !== range.step) return [{ from: first(step), to: now, step }];
  const seam = floor(now - range.fine, range.coarse) + range.coarse;
  return [
    { from: first(range.coarse), to: seam, step: range.coarse },
    { from: seam, to: now, step },
  ];
}

/** The range to show at `now` where `zoom` (seconds) is asked for: `name`, or the next longer one that reaches back to it. */
export function reaching(name, zoom, now) {
  const names = Object.keys(RANGES);
  const fits = (each) => zoom === null || now - RANGES[each].reach <= zoom[0];
  return names.slice(names.indexOf(name)).find(fits) ?? names.at(-1);
}

const floor = (value, step) => Math.floor(value / step) * step;

/** Some series on one time axis; each point is the start of its bucket, in seconds, and a value or null. */
export class Track {
  constructor(names) {
    this.names = names;
    this.clear();
  }

  clear() {
    this.steps = new Map();
    this.values = new Map(this.names.map((name) => [name, new Map()]));
  }

  /** Take loaded points of a series; they replace the points of the same times, unless those have a finer resolution. */
  load(name, answer) {
    const column = this.values.get(name);
    for (const point of answer.points) {
      const at = Date.parse(point.timestamp) / 1000;
      if (this.steps.get(at) < answer.step) continue;
      this.steps.set(at, answer.step);
      column.set(at, point.value);
    }
  }

  /** Add `amount`, counted at `now`, to the rate of the bucket of `step` seconds that it belongs to. */
  count(name, amount, now, step) {
    const at = floor(now, step);
    const column = this.values.get(name);
    const open = this.open?.get(name);
    const sum = open?.at === at ? open.sum + amount : (column.get(at) ?? 0) * elapsed(at, now, step) + amount;
    this.open ??= new Map();
    this.open.set(name, { at, sum });
    this.steps.set(at, step);
    column.set(at, sum / elapsed(at, now, step));
  }

  /** Discard live sums, because loaded points are more accurate. */
  settle() {
    this.open = undefined;
  }

  /** Discard points before `start`. */
  trim(start) {
    for (const at of this.steps.keys()) {
      if (at >= start) continue;
      this.steps.delete(at);
      for (const column of this.values.values()) column.delete(at);
    }
  }

  /** Times and a list of values for each series, ascending. */
  columns() {
    const times = [...this.steps.keys()].sort((a, b) => a - b);
    return [times, ...this.names.map((name) => times.map((at) => this.values.get(name).get(at) ?? null))];
  }
}

const elapsed = (at, now, step) => Math.max(1, Math.min(step, now - at));

/** Minimum and maximum of the known values, or null. */
export function figures(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? { least: Math.min(...known), greatest: Math.max(...known) } : null;
}

/** The average of a rate over its time, up to `end`: a bucket of an hour weighs twelve times as much as one of 5 minutes. */
export function meanRate(times, values, end) {
  let [sum, whole] = [0, 0];
  values.forEach((value, index) => {
    const seconds = Math.max(1, (times[index + 1] ?? end) - times[index]);
    if (value === null) return;
    sum += value * seconds;
    whole += seconds;
  });
  return whole ? sum / whole : null;
}
