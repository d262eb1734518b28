// Errors: what failed, grouped by cause, with the newest errors of each group, and what people say about it.

import { Access } from '../access.js';
import { said, send } from '../alerts/sources.js';
import { ask } from '../api.js';
import { Bell } from '../bell.js';
import { byId, set, setState, setText } from '../dom.js';
import { plural } from '../format.js';
import { startSwitches } from '../switches.js';
import { zone } from '../zone.js';
import { groupRow } from './group.js';
import { askedOf, read, write } from './view.js';

const MOST = 200;
const AGAIN_MS = 15_000;

const form = byId('filters');
const access = new Access(open);
let view = read(location.search);
let asking = null;

/** Go to another view, which becomes the address. */
function go(change) {
  view = { ...view, ...change };
  history.pushState(null, '', `${location.pathname}${write(view)}`);
  show();
}

/** Show what the view says. */
async function show() {
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  fill();
  byId('board').setAttribute('aria-busy', 'true');
  try {
    const { groups } = await ask('/errors', { ...askedOf(view, Date.now()), limit: MOST }, mine.signal);
    tell('');
    setText(byId('groups-about'), groups.length === MOST ? `the newest ${MOST} groups` : plural(groups.length, 'group'));
    byId('groups').replaceChildren(...groups.map(row));
    set(byId('none'), 'hidden', groups.length > 0);
  } catch (error) {
    if (mine !== asking) return;
    tell(Object.values(error.fields ?? {})[0]?.[0] ?? 'The service does not answer; try again.');
  }
  if (mine === asking) byId('board').setAttribute('aria-busy', 'false');
}

function row(group) {
  const item = groupRow(group, access.mayEdit ? choose : null, (isOpen) => note(group, isOpen));
  if (group.fingerprint === view.group) item.firstChild.open = true;
  return item;
}

/** Keep the opened group in the address. */
function note({ fingerprint }, isOpen) {
  if (isOpen) view = { ...view, group: fingerprint };
  else if (view.group === fingerprint) view = { ...view, group: '' };
  history.replaceState(null, '', `${location.pathname}${write(view)}`);
}

async function choose({ fingerprint }, { state, assignee }) {
  try {
    await send('PUT', `/errors/${fingerprint}`, { state, ...(assignee ? { assignee } : {}) });
  } catch (error) {
    tell(said(error));
    return;
  }
  note({ fingerprint }, false);
  await show();
  byId('groups-title').focus({ preventScroll: true });
}

/** Fill the form with the view. */
function fill() {
  for (const name of ['service', 'state']) form.elements[name].value = view[name];
  form.elements.span.value = view.from ? 'own' : view.span;
  set(form.elements.span.querySelector('[value="own"]'), 'hidden', !view.from);
}

function tell(problem) {
  const place = byId('problem');
  set(place, 'hidden', !problem);
  if (problem) setState(place, 'bad', problem);
}

function apply() {
  const { span, ...given } = Object.fromEntries(new FormData(form));
  go(span === 'own' ? given : { ...given, span, from: '', to: '' });
}

/** Show the view once the page may read, and new errors while none is read. */
function open() {
  new Bell().start();
  show();
  setInterval(() => document.hidden || byId('groups').matches(':focus-within, :has([open])') || show(), AGAIN_MS);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  apply();
});
form.addEventListener('change', (event) => event.target.tagName === 'SELECT' && apply());
addEventListener('popstate', () => {
  view = read(location.search);
  show();
});
zone.addEventListener('change', show);
startSwitches();
access.start();
