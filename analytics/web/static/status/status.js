// The status page brings itself up to date.

import { localize } from './times.js';

const AGAIN_MS = 30_000;

async function update() {
  const response = await fetch(location.href, { cache: 'no-store' }).catch(() => null);
  if (!response?.ok) return; // the page says as of when it is
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const main = page.getElementById('main');
  localize(main);
  document.title = page.title;
  document.getElementById('main').replaceWith(main);
}

setInterval(() => document.hidden || update(), AGAIN_MS);
document.addEventListener('visibilitychange', () => document.hidden || update());
