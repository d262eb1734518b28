// The waterfall of a trace: a row for each span, of which only those in sight exist, so that 10,000 stay smooth.

import { el, icon, set, setText } from '../dom.js';
import { ms } from '../format.js';
import { criticalPath, endOf, inSight, ticks } from './tree.js';

const ROW = 26;
const SPARE = 10;

export class Waterfall {
  /** `onSelect` is called with the node that was chosen. */
  constructor({ ruler, rows, scroller }, onSelect) {
    Object.assign(this, { ruler, rows, scroller, onSelect, nodes: [], shown: [], folded: new Set(), selected: null, path: new Map(), drawn: new Map() });
    scroller.addEventListener('scroll', () => this.#draw());
    scroller.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => this.#layout()).observe(scroller);
  }

  /** Show the nodes of a trace, with the colours of its services. */
  show(nodes, colors) {
    Object.assign(this, { nodes, colors, end: endOf(nodes) || 1, folded: new Set(), selected: nodes[0] ?? null, marks: new Map() });
    this.path = Map.groupBy(criticalPath(nodes), ({ node }) => node.span.span_id);
    this.scroller.scrollTop = 0;
    this.#layout();
  }

  /** Mark moments of spans, such as their log lines: `{ span_id, at, text }` in milliseconds from the start of the trace. */
  mark(marks) {
    this.marks = Map.groupBy(marks, ({ span_id: id }) => id);
    this.#layout();
  }

  #layout() {
    this.shown = inSight(this.nodes, this.folded);
    this.rows.style.height = `${this.shown.length * ROW}px`;
    const width = this.ruler.clientWidth;
    this.ruler.replaceChildren(...ticks(this.end, Math.max(2, width / 120)).map((at) => {
      const tick = el('span', {}, ms(at));
      tick.style.left = `${(at / this.end) * 100}%`;
      return tick;
    }));
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.#draw();
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / ROW) + SPARE);
    for (const [place, row] of this.drawn) {
      if (place >= first && place < last) continue;
      row.remove();
      this.drawn.delete(place);
    }
    for (let place = first; place < last; place += 1) {
      if (this.drawn.has(place)) continue;
      const row = this.#row(this.shown[place], place);
      this.drawn.set(place, row);
      this.rows.append(row);
    }
    this.#mark();
  }

  #row(node, place) {
    const { span } = node;
    const isFailed = span.status === 'error';
    const bar = el('span', { className: `bar-of c${this.colors.get(span.service)}` });
    bar.style.left = `${(node.start / this.end) * 100}%`;
    bar.style.width = `${Math.max(0.1, (node.duration / this.end) * 100)}%`;
    const critical = (this.path.get(span.span_id) ?? []).map(({ start, end }) => {
      const line = el('span', { className: 'critical' });
      line.style.left = `${(start / this.end) * 100}%`;
      line.style.width = `${((end - start) / this.end) * 100}%`;
      return line;
    });
    const marks = (this.marks.get(span.span_id) ?? []).map(({ at, text }) => {
      const mark = el('span', { className: 'logged', title: text });
      mark.style.left = `${Math.min(100, Math.max(0, ((at + node.shift) / this.end) * 100))}%`;
      return mark;
    });
    const time = el('span', { className: 'time' }, ms(node.duration));
    time.style.left = node.start / this.end > 0.6 ? '' : `${((node.start + node.duration) / this.end) * 100}%`;
    time.style.right = node.start / this.end > 0.6 ? `${(1 - node.start / this.end) * 100}%` : '';
    const isOpen = !this.folded.has(span.span_id);
    const fold = el('button', { type: 'button', className: 'fold', tabIndex: -1, 'aria-hidden': 'true', hidden: !node.children.length }, isOpen ? '▾' : '▸');
    fold.addEventListener('click', (event) => {
      event.stopPropagation();
      this.#fold(node, isOpen);
    });
    const name = el('span', { className: 'name' }, fold, isFailed ? el('span', { className: 'failed' }, icon('bad'), el('span', { className: 'hidden' }, 'failed'), ' ') : '', el('b', { className: 'of' }, span.service), ' ', el('span', { className: 'of' }, span.name));
    name.style.paddingLeft = `${Math.min(node.depth, 20) * 12 + (node.children.length ? 0 : 20)}px`;
    const row = el('div', { className: 'row', role: 'treeitem', id: `span-${place}`, 'aria-level': node.depth + 1, 'aria-posinset': node.place, 'aria-setsize': node.siblings, title: `${span.service} ${span.name}` }, name, el('span', { className: 'track' }, bar, ...critical, ...marks, time));
    if (node.children.length) row.setAttribute('aria-expanded', isOpen);
    row.style.top = `${place * ROW}px`;
    row.addEventListener('click', () => this.#select(node));
    return row;
  }

  #mark() {
    for (const [place, row] of this.drawn) {
      const isSelected = this.shown[place] === this.selected;
      row.setAttribute('aria-selected', isSelected);
      if (isSelected) this.scroller.setAttribute('aria-activedescendant', row.id);
    }
  }

  #select(node) {
    this.selected = node;
    this.#mark();
    this.onSelect(node);
  }

  #fold(node, isFolded) {
    if (isFolded) this.folded.add(node.span.span_id);
    else this.folded.delete(node.span.span_id);
    this.#layout();
    if (!this.shown.includes(this.selected)) this.#select(node);
  }

  #key(event) {
    const place = Math.max(0, this.shown.indexOf(this.selected));
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW) - 1);
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, PageDown: place + page, PageUp: place - page, Home: 0, End: this.shown.length - 1 }[event.key];
    if (to !== undefined && this.shown.length) this.#go(to);
    else if (event.key === 'ArrowLeft' && this.selected) this.#out(this.selected);
    else if (event.key === 'ArrowRight' && this.selected) this.#into(this.selected);
    else return;
    event.preventDefault();
  }

  /** Select the row at a place, and scroll to it. */
  #go(place) {
    const chosen = Math.min(this.shown.length - 1, Math.max(0, place));
    const top = chosen * ROW;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    if (top + ROW > this.scroller.scrollTop + this.scroller.clientHeight) this.scroller.scrollTop = top + ROW - this.scroller.clientHeight;
    this.#draw();
    this.#select(this.shown[chosen]);
  }

  /** Fold a span; if it is folded or has no children, go to its parent. */
  #out(node) {
    if (node.children.length && !this.folded.has(node.span.span_id)) this.#fold(node, true);
    else if (node.parent) this.#go(this.shown.indexOf(node.parent));
  }

  /** Unfold a span; if it is unfolded, go to its first child. */
  #into(node) {
    if (this.folded.has(node.span.span_id)) this.#fold(node, false);
    else if (node.children.length) this.#go(this.shown.indexOf(node) + 1);
  }
}

/** A sentence about a trace. */
export function about(element, nodes, total) {
  const failed = nodes.filter(({ span }) => span.status === 'error').length;
  const cut = total > nodes.length ? `, of which the first ${nodes.length} are drawn` : '';
  setText(element, `${ms(endOf(nodes))}, ${total} ${total === 1 ? 'span' : 'spans'}${cut}${failed ? `, ${failed} failed` : ''}`);
  set(element, 'title', nodes[0]?.span.start ?? '');
}
