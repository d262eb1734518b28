// Chart drawn by uPlot, with a cursor for pointer and arrow keys, a text summary, and its data as a table.

import { ticks } from './axis.js';
import { el, set, setText, svg } from './dom.js';
import { clock, date as dayText, minute, moment, utc } from './format.js';
import { color, Marks } from './marks.js';
import { inUtc } from './zone.js';

/**
 * A chart of some series on one time axis.
 *
 * `series` are `{label, color, format, kind, scale, fill, dash}`, of which `kind` is that of the axis (see `ticks`); `options`
 * may have `bars` and `describe(index)`; its height is that of `.plot`.
 */
export class Chart {
  constructor(parent, group, title, series, options = {}) {
    Object.assign(this, { group, title, series, options, step: 60, window: null, at: null });
    this.columns = [[], ...series.map(() => [])];
    this.readout = el('p', { className: 'readout' });
    this.moment = el('time', { className: 'soft' });
    this.values = series.map(() => el('span', { className: 'value' }, NBSP));
    this.labels = series.map(({ label }) => el('span', {}, label));
    this.keys = series.map((one, index) => el('span', { className: 'key' }, swatch(one), this.labels[index], ' ', this.values[index]));
    this.readout.append(...this.keys);
    this.plot = el('div', { className: 'plot', tabIndex: 0, role: 'slider', 'aria-label': `${title}: cursor, moved by arrow keys`, 'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0, 'aria-valuetext': 'no data yet' });
    this.summary = el('p', { className: 'summary soft' });
    this.table = el('table', { className: 'data' });
    this.details = el('details', { className: 'under' }, el('summary', {}, 'Data'), el('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': `${title}: data` }, this.table));
    this.marks = new Marks(title);
    this.root = el('figure', { className: 'chart' }, el('figcaption', {}, el('h3', {}, el('span', { className: 'name' }, title), ' ', this.moment), this.readout), this.marks.root, this.plot, this.summary, this.details);
    parent.append(this.root);
    group.charts.push(this);
    this.plot.addEventListener('keydown', (event) => this.#key(event));
    this.plot.addEventListener('blur', () => group.point(null));
    this.plot.addEventListener('dblclick', () => group.zoom(null));
    this.plot.addEventListener('click', () => this.at !== null && group.pick(this.at));
    this.details.addEventListener('toggle', () => this.#fillTable());
    if (globalThis.uPlot) new ResizeObserver(() => this.#resize()).observe(this.plot);
  }

  /** Show these columns (times first), of buckets of `step` seconds, from `window[0]` to `window[1]`; `about` is the tooltip of the summary. */
  show(columns, step, window, summary, about = '') {
    Object.assign(this, { columns, step, window });
    setText(this.summary, summary);
    set(this.summary, 'title', about);
    this.#draw();
    this.#read();
    if (this.details.open && !this.details.matches(':focus-within, :hover')) this.#fillTable();
  }

  /** Name the series of the other range that is compared. */
  nameOther(words) {
    this.series.forEach((one, place) => {
      if (!one.isOther) return;
      one.label = one.of ? `${one.of} ${words}` : words;
      setText(this.labels[place], one.label);
    });
  }

  /** Whether a series of another range is not shown, because there is none. */
  #isAbsent(place) {
    return Boolean(this.series[place].isOther) && this.columns[place + 1].every((value) => value === null);
  }

  /** Mark these annotations. */
  annotate(annotations) {
    this.marks.show(annotations);
    this.uplot?.redraw(false);
  }

  /** Redraw with the current colours, size and time zone. */
  rebuild() {
    this.uplot?.destroy();
    this.uplot = undefined;
    this.#draw();
    this.#read();
    this.#fillTable();
  }

  /** Show the whole window. */
  fit() {
    if (!this.uplot || !this.window) return;
    const [min, max] = this.window;
    this.uplot.setScale('x', { min, max });
  }

  /** Move the cursor to the moment nearest to `at`, and show its values. */
  pointAt(at) {
    this.at = at;
    const index = at === null ? null : this.#nearest(at);
    if (this.uplot) {
      const left = index === null ? -10 : this.uplot.valToPos(this.columns[0][index], 'x');
      this.quiet = true;
      this.uplot.setCursor({ left, top: index === null ? -10 : 10 });
      this.quiet = false;
    }
    this.#read();
  }

  #draw() {
    if (!globalThis.uPlot || this.plot.clientWidth === 0 || this.window === null) return;
    if (this.uplot === undefined) this.uplot = new globalThis.uPlot(this.#uplotOptions(), this.columns, this.plot);
    else this.uplot.setData(this.columns, false);
    this.fit();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (width === 0) return;
    if (this.uplot === undefined) this.#draw();
    else if (this.uplot.width !== width || this.uplot.height !== height) this.uplot.setSize({ width, height });
  }

  #uplotOptions() {
    const axis = { stroke: color('soft'), font: `11px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false } };
    const grid = { stroke: color('line'), width: 1 };
    const scales = { x: { time: true, range: (_, min, max) => [min, max] } };
    const axes = [{ ...axis, grid: { show: false }, space: () => (this.step < 60 ? 72 : 52), size: 28, gap: 8, values: (_, splits, __, ___, spacing) => this.#times(splits, spacing) }];
    for (const one of this.series) {
      const scale = one.scale ?? 'y';
      if (scale in scales) continue;
      scales[scale] = { range: (_, __, max) => [0, (max || 1) * (one.room ?? 1.1)] };
      const side = scale === 'y' ? { side: 3, grid } : { side: 1, grid: { show: false } };
      const stroke = color(scale === 'y' ? 'soft' : one.color);
      let labels = [];
      const splits = (plot, _, __, end) => {
        labels = ticks(this.#isEmpty(scale) ? 0 : end, Math.floor(plot.bbox.height / devicePixelRatio / TICK_SPACE), one.kind ?? 'count');
        return labels.map(({ value }) => value);
      };
      axes.push({ ...axis, ...side, stroke, scale, size: axisSize, gap: 4, splits, values: () => labels.map(({ text }) => text) });
    }
    const { bars: drawBars, linear, stepped } = globalThis.uPlot.paths;
    const [line, steps] = [linear(), stepped({ align: 1, extend: true })];
    const few = { paths: (plot, ...rest) => (plot.data[0].length <= FEW ? steps : line)(plot, ...rest) };
    const bars = this.options.bars ? { paths: drawBars({ size: [0.7, 24], align: 1 }), points: { show: false } } : few;
    return {
      width: this.plot.clientWidth,
      height: this.plot.clientHeight,
      padding: [8, axes.length > 2 ? 8 : 24, 0, 0],
      tzDate: inUtc() ? (at) => globalThis.uPlot.tzDate(new Date(at * 1000), 'Etc/UTC') : undefined,
      legend: { show: false },
      scales,
      axes,
      cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false } },
      series: [
        {},
        ...this.series.map((one) => ({
          scale: one.scale ?? 'y',
          stroke: color(one.color),
          fill: one.fill ? `${color(one.color)}${this.options.bars ? 'b0' : '1c'}` : undefined,
          dash: one.dash,
          width: this.options.bars ? 0 : 1.5,
          spanGaps: false,
          points: { size: 4, show: true, filter: (plot, index) => alone(plot.data[index]) },
          ...bars,
        })),
      ],
      hooks: {
        setCursor: [(plot) => this.#cursorMoved(plot)],
        setSelect: [(plot) => this.#selected(plot)],
        draw: [(plot) => this.marks.paint(plot)],
      },
    };
  }

  #times(splits, spacing) {
    let before = null;
    return splits.map((at) => {
      const date = new Date(at * 1000);
      const time = (spacing >= 60 ? minute : clock)(date);
      const text = spacing >= 43_200 || /^00:00(:00)?$/.test(time) ? dayText(date) : time;
      const caption = text === before ? '' : text;
      before = text;
      return caption;
    });
  }

  /** Whether all values on that scale are 0 or unknown. */
  #isEmpty(scale) {
    const [, ...columns] = this.columns;
    return columns.every((values, place) => (this.series[place].scale ?? 'y') !== scale || values.every((value) => !value));
  }

  #cursorMoved(plot) {
    if (this.quiet) return;
    const { left, idx } = plot.cursor;
    const at = left < 0 || idx === null ? null : this.columns[0][idx] ?? null;
    for (const chart of this.group.charts) if (chart !== this) chart.pointAt(at);
    this.at = at;
    this.#read();
  }

  #selected(plot) {
    const { left, width } = plot.select;
    if (width < 8) return;
    const zoom = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')].map(Math.round);
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (zoom[1] > zoom[0]) this.group.zoom(zoom);
  }

  #key(event) {
    const [times] = this.columns;
    if (times.length === 0) return;
    const [from, to] = this.window;
    const first = Math.max(0, times.findIndex((at) => at >= from));
    const last = times.findLastIndex((at) => at <= to);
    const now = this.at === null ? last + 1 : this.#nearest(this.at);
    const jump = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: first, End: last }[event.key];
    if (jump !== undefined) {
      const at = times[Math.max(first, Math.min(last, jump))];
      this.group.point(at);
      this.group.pick(at);
    }
    else if (event.key === '+' && this.at !== null) this.group.zoom([Math.max(from, this.at - (to - from) / 4), Math.min(to, this.at + (to - from) / 4)].map(Math.round));
    else if (event.key === '-' || event.key === 'Escape') this.group.zoom(null);
    else return;
    event.preventDefault();
  }

  #nearest(at) {
    const [times] = this.columns;
    let [low, high] = [0, times.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low > 0 && at - times[low - 1] < times[low] - at ? low - 1 : Math.max(0, low);
  }

  #read() {
    const [times, ...columns] = this.columns;
    const chosen = this.at !== null && times.length > 0;
    const index = chosen ? this.#nearest(this.at) : this.#newest();
    if (index < 0) return;
    const texts = columns.map((values, place) => this.series[place].format(values[index]));
    this.keys.forEach((key, place) => set(key, 'hidden', this.#isAbsent(place)));
    texts.forEach((text, place) => setText(this.values[place], text));
    const date = new Date(times[index] * 1000);
    const caption = this.options.describe?.(index) ?? moment(date, this.step);
    setText(this.moment, chosen ? caption : this.options.bars ? 'today' : 'newest');
    this.moment.title = utc(date);
    const text = `${caption}: ${this.series.flatMap((one, place) => (this.#isAbsent(place) ? [] : [`${one.label} ${texts[place]}`])).join(', ')}`;
    for (const [name, value] of [['max', times.length - 1], ['now', index], ['text', text]]) this.plot.setAttribute(`aria-value${name}`, value);
  }

  /** Index of the newest known value; -1 if there is none. */
  #newest() {
    const [times, ...columns] = this.columns;
    const known = times.findLastIndex((_, index) => columns.some((values) => values[index] !== null));
    return known < 0 ? times.length - 1 : known;
  }

  #fillTable() {
    if (!this.details.open) return;
    const [times, ...columns] = this.columns;
    const shown = this.series.filter((_, place) => !this.#isAbsent(place));
    const head = el('tr', {}, el('th', { scope: 'col' }, 'Time'), ...shown.map((one) => el('th', { scope: 'col', className: 'n' }, one.label)));
    const rows = times.map((at, index) => {
      const date = new Date(at * 1000);
      const cells = shown.map((one) => el('td', { className: 'n' }, one.format(columns[this.series.indexOf(one)][index])));
      return el('tr', {}, el('th', { scope: 'row', title: utc(date) }, this.options.describe?.(index) ?? moment(date, this.step)), ...cells);
    });
    this.table.replaceChildren(el('caption', { className: 'hidden' }, this.title), el('thead', {}, head), el('tbody', {}, ...rows.reverse()));
  }
}

const TICK_SPACE = 32; // px
const FEW = 8; // buckets that are drawn as long as they are: a line between their starts would leave out the last one

/** As wide as the longest text of an axis, and never narrower than most are: so that a chart does not jump when it changes. */
function axisSize(plot, texts, index, cycle) {
  const axis = plot.axes[index];
  if (cycle > 1) return axis._size; // size and labels could keep changing each other
  const { ctx } = plot;
  ctx.save();
  [ctx.font] = axis.font;
  const widest = Math.max(0, ...(texts ?? []).map((text) => ctx.measureText(text).width / devicePixelRatio));
  ctx.restore();
  return Math.max(40, Math.ceil(widest) + axis.gap + 4);
}

/** Places of values that no line joins to another. */
const alone = (values) => values.flatMap((value, index) => (value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null ? [index] : []));

const NBSP = '\u00a0';

function swatch(one) {
  const image = svg('svg', { class: `swatch c-${one.color}`, viewBox: '0 0 14 8', 'aria-hidden': 'true' });
  image.append(svg('path', { d: 'M0 4h14', 'stroke-dasharray': one.dash ? one.dash.join(' ') : 'none' }));
  return image;
}
