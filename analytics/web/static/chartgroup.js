// Charts that share cursor, zoom and annotations.

import { zone } from './zone.js';

/** Group of charts that share cursor and zoom. */
export class Group {
  constructor(onZoom) {
    this.charts = [];
    this.onZoom = onZoom;
    this.zoom = null;
    this.picked = null; // the moment that the reader chose last, by a click or a key
    this.onPick = () => {};
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
    this.onPick(at);
  }

  /** Mark these annotations in all charts. */
  annotate(annotations) {
    const key = JSON.stringify(annotations);
    if (key === this.annotated) return;
    this.annotated = key;
    for (const chart of this.charts) chart.annotate(annotations);
  }

  /** Show from `zoom[0]` to `zoom[1]` (seconds), or everything. */
  setZoom(zoom, isReported = true) {
    this.zoom = zoom;
    for (const chart of this.charts) chart.fit();
    if (isReported) this.onZoom(zoom);
  }
}
