// Sparkline: a small line chart without axes, next to a figure.

import { svg } from './dom.js';

/** A sparkline of `width` by `height` pixels; text beside it says the same in words. */
export class Spark {
  constructor(width, height, marks = false) {
    Object.assign(this, { width, height, path: '' });
    this.root = svg('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true', preserveAspectRatio: 'none' });
    this.area = svg('path', { class: 'area' });
    this.line = svg('path', { class: 'line' });
    this.root.append(this.area, this.line);
    if (marks) {
      this.marks = svg('path', { class: 'marks' });
      this.root.append(this.marks);
    }
  }

  /** Show `values`, from 0 to their greatest; `null` breaks the line. `marked` are places with something bad. */
  show(values, marked = []) {
    const greatest = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
    const across = this.width / Math.max(1, values.length - 1);
    const points = values.map((value, index) => (value === null ? null : `${(index * across).toFixed(1)} ${(this.height - 1 - (value / greatest) * (this.height - 3)).toFixed(1)}`));
    let line = '';
    points.forEach((point, index) => {
      if (point !== null) line += `${index > 0 && points[index - 1] !== null ? 'L' : 'M'}${point}`;
    });
    const drawn = `${line}|${marked.join()}`;
    if (drawn === this.path) return;
    this.path = drawn;
    this.line.setAttribute('d', line);
    const whole = points.every((point) => point !== null) && points.length > 1;
    this.area.setAttribute('d', whole ? `${line}L${this.width} ${this.height}L0 ${this.height}Z` : '');
    this.marks?.setAttribute('d', marked.map((index) => `M${(index * across).toFixed(1)} ${this.height}v-4`).join(''));
  }
}
