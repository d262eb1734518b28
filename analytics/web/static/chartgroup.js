// Charts that share cursor and annotations, and in which a range can be chosen.

import { zone } from './zone.js';

/** Group of charts that share a cursor. */
export class Group {
  /** `onZoom` is called with a chosen range in seconds, or with null to leave it. */
  constructor(onZoom) {
    this.charts = [];
    this.zoom = onZoom;
    this.picked = null; // the moment that the reader chose last, by a click or a key
    this.onPick = []; // each is called with it
    const rebuild = () => this.charts.forEach((chart) => chart.rebuild());
    for (const name of ['themechange', 'beforeprint', 'afterprint']) addEventListener(name, rebuild);
    zone.addEventListener('change', rebuild);
  }

  /** Point all charts at the moment that is nearest to `at` (seconds), or at none. */
  point(at) {
    for (const chart of this.charts) chart.pointAt(at);
  }

  /** Note that the reader chose the moment `at` (seconds). */
  pick(at) {
    this.picked = at;
    for (const act of this.onPick) act(at);
  }

  /** Mark these annotations in all charts. */
  annotate(annotations) {
    const key = JSON.stringify(annotations);
    if (key === this.annotated) return;
    this.annotated = key;
    for (const chart of this.charts) chart.annotate(annotations);
  }
}
