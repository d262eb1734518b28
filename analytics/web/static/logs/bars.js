// Lines over time, as bars by level. Dragging over them narrows the time.

import { svg } from '../dom.js';
import { count, stamp } from '../format.js';
import { axisLabels, brushOver } from '../views/brush.js';
import { Overlay } from '../views/overlay.js';

const HEIGHT = 96;
const BOTTOM = 18;
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'];

export class Bars {
  /** `onNarrow` is called with both ends of the chosen time, in seconds since the epoch. */
  constructor(place, onNarrow) {
    Object.assign(this, { place, onNarrow, found: null });
    this.picture = svg('svg', { class: 'levels', height: HEIGHT, role: 'img' });
    this.brush = brushOver(this.picture, ({ left, right }) => this.found && this.onNarrow(this.#at(left), this.#at(right)), HEIGHT - BOTTOM);
    place.replaceChildren(this.picture);
    this.overlay = new Overlay(place, 'Lines over time');
    new ResizeObserver(() => this.#draw()).observe(place);
  }

  /** Show the answer of /logs/histogram. */
  show(found) {
    this.found = found;
    this.#draw();
  }

  /** Mark these annotations. */
  annotate(annotations) {
    this.overlay.show(annotations);
  }

  #draw() {
    const width = this.place.clientWidth;
    if (!width || !this.found) return;
    const { buckets, start, end, step, count: all } = this.found;
    Object.assign(this, { width, from: Date.parse(start) / 1000, to: Date.parse(end) / 1000 });
    this.picture.setAttribute('width', width);
    this.picture.setAttribute('aria-label', `${count(all)} lines over time`);
    const most = Math.max(1, ...buckets.map((bucket) => bucket.count));
    const bars = buckets.flatMap((bucket) => {
      const at = Date.parse(bucket.time) / 1000;
      const [left, right] = [this.#x(at), this.#x(at + step)];
      let top = HEIGHT - BOTTOM;
      return LEVELS.filter((level) => bucket.levels[level]).map((level) => {
        const height = (bucket.levels[level] / most) * (HEIGHT - BOTTOM - 4);
        top -= height;
        const bar = svg('rect', { x: left, y: top, width: Math.max(1, right - left - 1), height, class: `level-${level}` });
        const title = svg('title');
        title.append(`${stamp(new Date(at * 1000))}: ${count(bucket.levels[level])} ${level}`);
        bar.append(title);
        return bar;
      });
    });
    const times = axisLabels(0, width, HEIGHT - 4, (share) => stamp(new Date((this.from + share * (this.to - this.from)) * 1000)));
    this.picture.replaceChildren(svg('line', { x1: 0, x2: width, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }), ...bars, ...times, this.brush);
    this.overlay.paint({ from: this.from, to: this.to, left: 0, right: width, height: HEIGHT - BOTTOM });
  }

  #x(at) {
    return Math.min(1, Math.max(0, (at - this.from) / (this.to - this.from))) * this.width;
  }

  #at(x) {
    return this.from + Math.min(1, Math.max(0, x / this.width)) * (this.to - this.from);
  }
}
