// Backoff: pauses between retries, longer each time and randomised per client.

/**
 * Exponential backoff with full jitter above a floor.
 * @param {number} attempt failures in a row before this one, from 0
 * @param {{ floor: number, base: number, cap: number, random?: () => number }} limits in ms
 * @returns {number} ms
 */
export function backoff(attempt, { floor, base, cap, random = Math.random }) {
  const ceiling = Math.min(cap, base * 2 ** Math.min(attempt, 30));
  return floor + random() * Math.max(0, ceiling - floor);
}
