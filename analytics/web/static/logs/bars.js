// Lines over time, as bars by level. Dragging over them narrows the time.

import { svg } from '../dom.js';
import { count, stamp } from '../format.js';

const HEIGHT = 96;
const BOTTOM = 18;
const LEAST_DRAG = 5;
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'];

export class Bars {
  /** `onNarrow` is called with both ends of the chosen time, in seconds since the epoch. */
  constructor(place, onNarrow) {
    Object.assign(this, { place, onNarrow, found: null });
    this.picture = svg('svg', { class: 'levels', height: HEIGHT, role: 'img' });
    this.brush = svg('rect', { class: 'brush', y: 0, height: HEIGHT - BOTTOM, hidden: '' });
    place.replaceChildren(this.picture);
    this.picture.addEventListener('pointerdown', (event) => this.#begin(event));
    new ResizeObserver(() => this.#draw()).observe(place);
  }

  /** Show the answer of /logs/histogram. */
  show(found) {
    this.found = found;
    this.#draw();
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
    const times = [0, 0.5, 1].map((share) => {
      const label = svg('text', { x: share * width, y: HEIGHT - 4, 'text-anchor': ['start', 'middle', 'end'][share * 2] });
      label.append(stamp(new Date((this.from + share * (this.to - this.from)) * 1000)));
      return label;
    });
    this.picture.replaceChildren(svg('line', { x1: 0, x2: width, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }), ...bars, ...times, this.brush);
  }

  #x(at) {
    return Math.min(1, Math.max(0, (at - this.from) / (this.to - this.from))) * this.width;
  }

  #begin(event) {
    if (!this.found) return;
    const left = this.picture.getBoundingClientRect().left;
    const x = event.clientX - left;
    const at = (place) => this.from + Math.min(1, Math.max(0, place / this.width)) * (this.to - this.from);
    const move = (moved) => {
      const x2 = moved.clientX - left;
      this.brush.setAttribute('x', Math.min(x, x2));
      this.brush.setAttribute('width', Math.abs(x2 - x));
      this.brush.removeAttribute('hidden');
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', (released) => {
      removeEventListener('pointermove', move);
      this.brush.setAttribute('hidden', '');
      const x2 = released.clientX - left;
      if (Math.abs(x2 - x) >= LEAST_DRAG) this.onNarrow(at(Math.min(x, x2)), at(Math.max(x, x2)));
    }, { once: true });
    event.preventDefault();
  }
}
