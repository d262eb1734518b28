// Annotations in a chart: lines and spans on its canvas, and above them buttons with their texts.

import { el } from './dom.js';
import { described } from './annotation.js';
import { inUtc } from './zone.js';

const NEAR = 20; // px within which annotations share a button
const MOST_LISTED = 5;
const WIDEST = 280; // px

/** A color of the page. */
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The marks of one chart; `root` belongs right before its plot. */
export class Marks {
  constructor(title) {
    this.root = el('div', { className: 'marks', role: 'group', 'aria-label': `${title}: annotations` });
    this.annotations = [];
    this.key = '';
  }

  /** Show these annotations, `{from, to, …}` in seconds, oldest first; some may have a `color` of their own. */
  show(annotations) {
    this.annotations = annotations;
  }

  /** Draw a dashed line for each, and a shade for those that last. */
  paint(plot) {
    const { ctx, bbox: { left, top, width, height } } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4, 3].map((each) => each * devicePixelRatio));
    const usual = color('mark');
    for (const { from, to, color: own } of this.annotations) {
      const [start, end] = [from, to ?? from].map((at) => plot.valToPos(at, 'x', true));
      if (end < left || start > left + width) continue;
      ctx.strokeStyle = ctx.fillStyle = own ? color(own) : usual;
      ctx.globalAlpha = 0.12;
      ctx.fillRect(start, top, end - start, height);
      ctx.globalAlpha = 1;
      ctx.beginPath();
      for (const x of to === null ? [start] : [start, end]) {
        ctx.moveTo(x, top);
        ctx.lineTo(x, top + height);
      }
      ctx.stroke();
    }
    ctx.restore();
    this.#place(plot);
  }

  /** Put the buttons where the lines are; those that are close together share one. */
  #place(plot) {
    const { left, width } = plot.bbox;
    const [first, last] = [left, left + width].map((each) => each / devicePixelRatio);
    const groups = [];
    for (const one of this.annotations) {
      const start = plot.valToPos(one.from, 'x') + first;
      const end = one.to === null ? start : plot.valToPos(one.to, 'x') + first;
      if (end < first || start > last) continue;
      const x = Math.round(Math.max(first, start));
      if (groups.length > 0 && x - groups.at(-1).x < NEAR) groups.at(-1).all.push(one);
      else groups.push({ x, all: [one] });
    }
    const key = JSON.stringify([inUtc(), plot.width, groups.map(({ x, all }) => [x, all.map(({ id, version }) => [id, version])])]);
    if (key === this.key || this.root.matches(':hover, :focus-within')) return; // do not replace a text that is being read
    this.key = key;
    this.root.replaceChildren(...groups.map(({ x, all }) => mark(x, all, plot.width)));
  }
}

function mark(x, all, width) {
  const more = all.length > MOST_LISTED ? [el('p', { className: 'soft' }, `and ${all.length - MOST_LISTED} more`)] : [];
  const tip = el('div', { className: 'tip' }, ...all.slice(-MOST_LISTED).reverse().map((one) => el('p', {}, ...described(one))), ...more);
  const button = el('button', { type: 'button', 'aria-label': `Annotation: ${tip.textContent}`.slice(0, 300) });
  const isLeft = x < width / 2;
  const root = el('div', { className: `mark ${isLeft ? 'left' : 'right'}` }, button, tip);
  root.style.left = `${x}px`;
  tip.style.maxWidth = `${Math.min(WIDEST, isLeft ? width - x : x)}px`;
  const shut = (isShut) => root.classList.toggle('shut', isShut);
  root.addEventListener('keydown', ({ key }) => key === 'Escape' && shut(true));
  for (const name of ['mouseleave', 'focusout']) root.addEventListener(name, () => shut(false));
  button.addEventListener('click', () => shut(false));
  return root;
}
