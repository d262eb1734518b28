// The switch of notices of the browser.

import { notify } from '../bell.js';
import { notices } from '../notices.js';
import { byId, setText } from '../dom.js';

/** Show whether notices are on, and switch them. */
export function startNotices() {
  const button = byId('notices');
  const update = () => button.setAttribute('aria-pressed', String(notices.isOn));
  button.addEventListener('click', async () => {
    setText(byId('notices-note'), await notices.choose(!notices.isOn));
    notify();
    update();
  });
  update();
}
