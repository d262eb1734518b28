// Errors: what failed, grouped by cause, with the newest errors of each group, and what people say about it.

import { said, send } from '../alerts/sources.js';
import { ask } from '../api.js';
import { byId, set, setText } from '../dom.js';
import { plural } from '../format.js';
import { ViewPage } from '../views/page.js';
import { zone } from '../zone.js';
import { groupRow } from './group.js';
import { address, askedOf } from './view.js';

const MOST = 200;
const AGAIN_MS = 15_000;

const page = new ViewPage(address, { load });

async function load(view, signal) {
  const { groups } = await ask('/errors', { ...askedOf(view, Date.now()), limit: MOST }, signal);
  setText(byId('groups-about'), groups.length === MOST ? `the newest ${MOST} groups` : plural(groups.length, 'group'));
  byId('groups').replaceChildren(...groups.map(row));
  set(byId('none'), 'hidden', groups.length > 0);
}

function row(group) {
  const item = groupRow(group, page.access.mayEdit ? choose : null, (isOpen) => note(group, isOpen));
  if (group.fingerprint === page.view.group) item.firstChild.open = true;
  return item;
}

/** Keep the opened group in the address. */
function note({ fingerprint }, isOpen) {
  if (isOpen) page.note({ group: fingerprint });
  else if (page.view.group === fingerprint) page.note({ group: '' });
}

async function choose({ fingerprint }, { state, assignee }) {
  try {
    await send('PUT', `/errors/${fingerprint}`, { state, ...(assignee ? { assignee } : {}) });
  } catch (error) {
    page.tell(said(error));
    return;
  }
  note({ fingerprint }, false);
  await page.show();
  byId('groups-title').focus({ preventScroll: true });
}

/** Show new errors while none is read. */
function showNewest() {
  if (page.access.isOpen && !document.hidden && !byId('groups').matches(':focus-within, :has([open])')) page.show();
}

setInterval(showNewest, AGAIN_MS);
zone.addEventListener('change', () => page.access.isOpen && page.show());
page.start();
