// The service's clock, where the reader's own is off.

let skew = 0;

/** Learn from what the service calls now (ms since the epoch); small differences are the way here. */
export function learn(told) {
  const found = told - Date.now();
  skew = Math.abs(found) > 3000 ? found : 0;
}

/** Now, in ms since the epoch. */
export const nowMs = () => Date.now() + skew;

/** Now, in seconds since the epoch. */
export const now = () => nowMs() / 1000;
