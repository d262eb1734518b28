// Annotations in the charts of the pages beside the dashboard.

import { annotationsOf, isAbout } from '../annotations.js';

/**
 * Mark the annotations of a range (seconds) about a service, or all, in a chart; and `others`, like annotations. Only
 * `others` are marked where annotations cannot be loaded: the chart is of use without.
 */
export async function mark(chart, range, others = [], service = '', signal = undefined) {
  if (others.length) chart.annotate(others);
  const { all } = await annotationsOf(range).catch(() => ({ all: [] }));
  if (!signal?.aborted) chart.annotate([...others, ...all.filter(isAbout(service))].sort((one, other) => one.from - other.from));
}
