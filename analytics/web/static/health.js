// What states of health mean: their colour and icon, how bad they are, and what is said of them.

/** For each status: the state it is shown in, and how urgent it is (0: no trouble). */
export const HEALTH = {
  down: { state: 'bad', urgency: 5 },
  unhealthy: { state: 'bad', urgency: 4 },
  degraded: { state: 'warn', urgency: 3 },
  stale: { state: 'warn', urgency: 2 },
  maintenance: { state: 'idle', urgency: 0 },
  unknown: { state: 'idle', urgency: 0 },
  healthy: { state: 'good', urgency: 0 },
};

const OTHER = { state: 'idle', urgency: 0 };

/** The entry of a status, also of one that this page has never heard of. */
export const health = (status) => (Object.hasOwn(HEALTH, status) ? HEALTH[status] : OTHER);

/** The error rate of a row or a bucket, or null where nothing was asked: they say 0 then. */
export const errorRate = (one) => ((one.request_count ?? one.requests) || (one.error_count ?? one.errors) ? one.error_rate : null);

/** How urgent a service is: its health, then errors far above its usual. */
export const urgency = (row, errors) => health(row.status).urgency || (errors ? 1 : 0);
