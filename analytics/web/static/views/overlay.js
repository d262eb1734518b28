// Annotations over a picture with an axis of time, marked as those of the other charts are.

import { el } from '../dom.js';
import { Marks } from '../marks.js';

export class Overlay {
  /** Over all that `place` holds. */
  constructor(place, title) {
    this.marks = new Marks(title);
    this.canvas = el('canvas', { ariaHidden: 'true' });
    Object.assign(this, { place, axis: null });
    place.classList.add('marked');
    place.prepend(this.marks.root);
    place.append(this.canvas);
    addEventListener('themechange', () => this.paint());
  }

  /** Show these annotations. */
  show(annotations) {
    this.marks.show(annotations);
    this.paint();
  }

  /** Draw them, and put their buttons in place: `from` and `to` (seconds) are at `left` and `right` (pixels). */
  paint(axis = this.axis) {
    this.axis = axis;
    if (axis === null) return;
    const { from, to, left, right, height } = axis;
    const { canvas, place } = this;
    const ratio = devicePixelRatio;
    Object.assign(canvas, { width: place.clientWidth * ratio, height: height * ratio });
    const across = (at) => ((at - from) / (to - from)) * (right - left);
    this.marks.paint({
      width: place.clientWidth,
      ctx: canvas.getContext('2d'),
      bbox: { left: left * ratio, top: 0, width: (right - left) * ratio, height: height * ratio },
      valToPos: (at, _, isOnCanvas) => (isOnCanvas ? (left + across(at)) * ratio : across(at)),
    });
  }
}
