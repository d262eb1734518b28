// The service's clock, where the reader's own is off.

let skew = 0;

const SMALL_MS = 3000;

/** Learn from what the service calls now (ms since the epoch); small differences are the way here. Tells of a great change. */
export function learn(told) {
  const found = told - Date.now();
  const before = skew;
  if (Math.abs(found - skew) > SMALL_MS) skew = Math.abs(found) > SMALL_MS ? found : 0;
  return skew !== before;
}

/** Now, in ms since the epoch. */
export const nowMs = () => Date.now() + skew;

/** Now, in seconds since the epoch. */
export const now = () => nowMs() / 1000;
