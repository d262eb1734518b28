// The switches of the page's top: the theme (theme.js sets it, ahead of the first paint) and the time zone.

import { byId, setText } from './dom.js';
import { chooseZone, inUtc, zone } from './zone.js';

/** Show the current choices in the switches, and apply changes. */
export function startSwitches() {
  const chosen = { theme: globalThis.theme.choice(), zone: inUtc() ? 'utc' : 'local' };
  const choose = { theme: globalThis.theme.choose, zone: chooseZone };
  for (const input of byId('switches').querySelectorAll('input')) {
    input.checked = input.value === chosen[input.name];
    input.addEventListener('change', () => choose[input.name](input.value));
  }
  zone.addEventListener('change', update);
  update();
}

function update() {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  setText(byId('zone-note'), inUtc() ? 'Times are in UTC.' : `Times are local (${timeZone}); point at one for UTC.`);
}
