// States of health: their colour and icon, and their urgency compared with other troubles.

/** For each status: the state in which the page shows it, and its urgency (0: no trouble). */
const HEALTH = {
  down: { state: 'bad', urgency: 6 },
  unhealthy: { state: 'bad', urgency: 5 },
  stale: { state: 'warn', urgency: 3 },
  degraded: { state: 'warn', urgency: 2 },
  maintenance: { state: 'idle', urgency: 0 },
  unknown: { state: 'idle', urgency: 0 },
  healthy: { state: 'good', urgency: 0 },
};

const FAILING = 4; // errors far above the usual
const SLOW = 1;
const OTHER = { state: 'idle', urgency: 0 };

/** Entry of a status, with a default for unknown ones. */
export const health = (status) => (Object.hasOwn(HEALTH, status) ? HEALTH[status] : OTHER);

/** The error rate of a row or a bucket; null without requests, where the API has 0 or 100. */
export const errorRate = (one) => ((one.request_count ?? one.requests) ? one.error_rate : null);

/** The urgency of a service by its worst problem: down, unhealthy, failing, stale, degraded, slow; 0 without problems. */
export const urgency = (row, wrong) => Math.max(health(row.status).urgency, wrong?.failing ? FAILING : 0, wrong?.slow ? SLOW : 0);

/** The state in which the page shows a service. */
export const stateOf = (row, wrong) => (health(row.status).urgency === 0 && wrong ? 'warn' : health(row.status).state);
