// Usual values: medians over the buckets with requests. Pure.

export const FEWEST = 3;

/** Median without nulls; null if there is no value. */
export function median(values) {
  const sorted = values.filter((value) => value !== null && value !== undefined).sort((a, b) => a - b);
  return sorted.length ? sorted[sorted.length >> 1] : null;
}

/** The usual share of errors: the median over buckets that had requests, or their mean where most had no error. */
export function usualShare(requests, errors) {
  const share = median(errors.map((each, index) => (requests[index] > 0 ? each / requests[index] : null)));
  return share === null ? null : share || sum(errors.filter((_, index) => requests[index] > 0)) / sum(requests);
}

/**
 * The baseline of each figure of the overview; null for those with fewer than `fewest` buckets.
 *
 * @param {Array<{seconds: number, requests: number, errors: number, latency: number?}>} buckets
 */
export function usualFigures(buckets, fewest = FEWEST) {
  const busy = buckets.filter(({ requests }) => requests > 0);
  const timed = busy.filter(({ latency }) => latency !== null);
  const enough = (found, summarise) => (found.length < fewest ? null : summarise(found));
  return {
    requests_per_second: enough(busy, (all) => median(all.map(({ requests, seconds }) => requests / seconds))),
    error_rate: enough(busy, (all) => usualShare(all.map(({ requests }) => requests), all.map(({ errors }) => errors)) * 100),
    mean_latency_ms: enough(timed, (all) => median(all.map(({ latency }) => latency))),
  };
}

/** The buckets that ended before `start` (seconds); `at` returns the start of one. */
export const endedBefore = (start, buckets) => buckets.filter(({ at, seconds }) => at + seconds <= start);

const sum = (values) => values.reduce((total, each) => total + each, 0);
