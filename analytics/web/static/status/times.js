// Times of a page that the service has filled in: in the reader's zone, and how long it is between two of them.

import { ago, span, utc, when } from '../format.js';

/** Bring all times in `root` into the reader's zone; what lasts does so until the moment that the page is of. */
export function localize(root) {
  const now = root.dataset.now ? Date.parse(root.dataset.now) : Date.now();
  for (const time of root.querySelectorAll('time')) {
    const date = new Date(time.dateTime);
    time.title = utc(date);
    time.textContent = when(date);
  }
  for (const place of root.querySelectorAll('[data-from]')) {
    const { from, to } = place.dataset;
    const seconds = ((to ? Date.parse(to) : now) - Date.parse(from)) / 1000;
    place.textContent = to ? `(${span(seconds)})` : `(${ago(seconds)})`;
  }
}

localize(document.getElementById('main'));
