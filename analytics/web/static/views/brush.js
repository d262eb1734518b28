// A rectangle that is dragged over a picture.

import { svg } from '../dom.js';

const LEAST_DRAG = 5; // pixels
const THIN = 3 * LEAST_DRAG;

/**
 * Let a rectangle be dragged over an SVG picture. `onChosen` is called with its `left` and `right`, `top` and
 * `bottom`, in pixels of the picture; both of the latter are null if it is thin, or if the rectangle has a fixed
 * `height`. Returns the rectangle, which the picture has to hold.
 */
export function brushOver(picture, onChosen, height = null) {
  const brush = svg('rect', { class: 'brush', hidden: '' });
  picture.addEventListener('pointerdown', (begun) => {
    if (begun.button !== 0) return;
    const ended = new AbortController();
    const box = picture.getBoundingClientRect();
    const between = (a, b, origin) => [Math.min(a, b) - origin, Math.max(a, b) - origin];
    const areaTo = (event) => {
      const [left, right] = between(begun.clientX, event.clientX, box.left);
      const [top, bottom] = height === null ? between(begun.clientY, event.clientY, box.top) : [0, height];
      return { left, right, top, bottom };
    };
    const move = (event) => {
      const { left, right, top, bottom } = areaTo(event);
      for (const [name, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) brush.setAttribute(name, value);
      brush.removeAttribute('hidden');
    };
    const end = () => {
      ended.abort();
      brush.setAttribute('hidden', '');
    };
    const up = (event) => {
      end();
      const { left, right, top, bottom } = areaTo(event);
      const isThin = height !== null || bottom - top < THIN;
      if (right - left < LEAST_DRAG && (height !== null || bottom - top < LEAST_DRAG)) return;
      onChosen({ left, right, top: isThin ? null : top, bottom: isThin ? null : bottom });
    };
    for (const [name, act] of Object.entries({ pointermove: move, pointerup: up, pointercancel: end })) addEventListener(name, act, { signal: ended.signal });
    begun.preventDefault();
  });
  return brush;
}

/** Labels of the begin, the middle and the end of a time axis from `left` to `right`; `text` is called with 0, 0.5, 1. */
export function axisLabels(left, right, y, text) {
  return [['start', 0], ['middle', 0.5], ['end', 1]].map(([anchor, share]) => {
    const label = svg('text', { x: left + share * (right - left), y, 'text-anchor': anchor });
    label.append(text(share));
    return label;
  });
}
