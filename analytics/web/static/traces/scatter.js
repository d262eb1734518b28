// The scatter of traces: duration over time, on a logarithmic scale. Dragging over it narrows the list.

import { el, svg } from '../dom.js';
import { ms, stamp } from '../format.js';
import { axisLabels, brushOver } from '../views/brush.js';
import { Overlay } from '../views/overlay.js';

const HEIGHT = 140;
const LEFT = 56;
const RIGHT = 6;
const BOTTOM = 20;

export class Scatter {
  /** `onNarrow` is called with `{ from, to, min, max }` (seconds, milliseconds), `onOpen` with the id of a trace. */
  constructor(place, { onNarrow, onOpen }) {
    Object.assign(this, { place, onNarrow, onOpen, traces: null, from: 0, to: 1 });
    this.picture = svg('svg', { class: 'scatter', height: HEIGHT, role: 'img' });
    this.brush = brushOver(this.picture, (area) => this.#narrow(area));
    place.replaceChildren(this.picture);
    this.overlay = new Overlay(place, 'Duration over time');
    new ResizeObserver(() => this.#draw()).observe(place);
  }

  /** Show traces between two times in seconds since the epoch. */
  show(traces, from, to) {
    Object.assign(this, { traces, from, to });
    this.#draw();
  }

  /** Mark these annotations. */
  annotate(annotations) {
    this.overlay.show(annotations);
  }

  #draw() {
    const width = this.place.clientWidth;
    if (!width || !this.traces) return;
    this.width = width;
    this.picture.setAttribute('width', width);
    this.picture.setAttribute('aria-label', `Duration of ${this.traces.length} traces over time`);
    const durations = this.traces.map(({ duration_ms: duration }) => Math.max(0.01, duration));
    this.low = Math.log10(Math.min(1, ...durations));
    this.high = Math.max(this.low + 1, Math.log10(Math.max(1, ...durations)) + 0.05);
    const lines = [];
    for (let power = Math.ceil(this.low); power <= this.high; power += 1) {
      const y = this.#y(10 ** power);
      const label = svg('text', { x: LEFT - 6, y: y + 4, 'text-anchor': 'end' });
      label.append(ms(10 ** power));
      lines.push(svg('line', { x1: LEFT, x2: width, y1: y, y2: y }), label);
    }
    const times = axisLabels(LEFT, width, HEIGHT - 4, (share) => stamp(new Date((this.from + share * (this.to - this.from)) * 1000)));
    const dots = this.traces.map((trace) => {
      const dot = svg('circle', { cx: this.#x(Date.parse(trace.start) / 1000), cy: this.#y(trace.duration_ms), r: 4, class: trace.errors ? 'failed' : '' });
      const title = svg('title');
      title.append(`${trace.name ?? trace.trace_id}, ${ms(trace.duration_ms)}${trace.errors ? ', failed' : ''}`);
      dot.append(title);
      dot.addEventListener('click', () => this.onOpen(trace.trace_id));
      return dot;
    });
    this.picture.replaceChildren(...lines, ...times, ...dots, this.brush);
    this.overlay.paint({ from: this.from, to: this.to, left: LEFT, right: width - RIGHT, height: HEIGHT - BOTTOM });
  }

  #x(at) {
    return LEFT + Math.min(1, Math.max(0, (at - this.from) / (this.to - this.from))) * (this.width - LEFT - RIGHT);
  }

  #y(duration) {
    const share = (Math.log10(Math.max(0.01, duration)) - this.low) / (this.high - this.low);
    return (1 - Math.min(1, Math.max(0, share))) * (HEIGHT - BOTTOM - 8) + 6;
  }

  #at(x) {
    return this.from + Math.min(1, Math.max(0, (x - LEFT) / (this.width - LEFT - RIGHT))) * (this.to - this.from);
  }

  #lasting(y) {
    return 10 ** (this.low + (1 - Math.min(1, Math.max(0, (y - 6) / (HEIGHT - BOTTOM - 8)))) * (this.high - this.low));
  }

  /** Narrow to the times, and unless it is thin to the durations, of an area of the picture. */
  #narrow({ left, right, top, bottom }) {
    if (!this.traces?.length) return;
    this.onNarrow({
      from: this.#at(left),
      to: this.#at(right),
      min: bottom === null ? null : this.#lasting(bottom),
      max: top === null ? null : this.#lasting(top),
    });
  }
}

/** A legend of services with their colours. */
export const legend = (colors) => el('ul', { className: 'legend' }, ...[...colors].map(([name, color]) => el('li', { className: `c${color}` }, el('span', { className: 'of' }, name))));
