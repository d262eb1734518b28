// Clock of the service, used instead of the reader's, which may be wrong.

let skew = 0;

const SMALL_MS = 3000;

/** Adjust to the service's time (ms since the epoch); small differences are network delay. Returns whether it changed much. */
export function learn(time) {
  const found = time - Date.now();
  const before = skew;
  if (Math.abs(found - skew) > SMALL_MS) skew = Math.abs(found) > SMALL_MS ? found : 0;
  return skew !== before;
}

/** Now, in ms since the epoch. */
export const nowMs = () => Date.now() + skew;

/** Now, in seconds since the epoch. */
export const now = () => nowMs() / 1000;
