// What a snapshot says is unusual, as the verdict and the figures show it. Pure.

const ABOUT = {
  hours: 'the median of the hours with requests of the last 7 days',
  minutes: 'the median of the minutes with requests of the last hour',
};

/** The problems of services by name, `{failing, slow}`: those that a snapshot has under `unusual`; times in seconds. */
export const wrongOf = (unusual) => new Map(Object.entries(unusual ?? {}).map(([name, { errors, latency }]) => [name, {
  failing: errors ? { share: errors.share, usual: errors.usual, errors: errors.count, seconds: errors.seconds, since: errors.since ? Date.parse(errors.since) / 1000 : null } : undefined,
  slow: latency ? { now: latency.now_ms, usual: latency.usual_ms } : undefined,
}]));

/** The usual value of a figure that a snapshot has under `usual`; null if it is unknown. */
export const usualOf = (usual, figure) => usual[figure]?.value ?? null;

/** What the usual value of a figure is. */
export const aboutUsual = (usual, figure) => ABOUT[usual[figure]?.median_of] ?? '';
