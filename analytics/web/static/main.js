// The dashboard: one live connection, one view in the address, and the panels that show both.

import { LiveClient } from '../sdk/analytics.js';
import { Access } from './access.js';
import { Annotations } from './annotations.js';
import { address, ask, home, whyNot } from './api.js';
import { Board } from './board.js';
import { Connection } from './connection.js';
import { Detail } from './detail.js';
import { byId, el, onClick, setState } from './dom.js';
import { Empty } from './empty.js';
import { Endpoints } from './endpoints.js';
import { Errors } from './errors.js';
import { Events, isError } from './events.js';
import { Headline } from './headline.js';
import { History } from './history.js';
import { Overview } from './overview.js';
import { RANGES } from './points.js';
import { learn } from './servertime.js';
import { Services } from './services.js';
import { startSwitches } from './switches.js';
import { Toasts } from './toast.js';
import { Traffic } from './traffic.js';
import { read, write, zoomOf } from './url.js';
import { zone } from './zone.js';

const view = read(location.search, RANGES);
const board = new Board();
const connection = new Connection();
const headline = new Headline((service) => change({ service, zoom: '' }, true));
const toasts = new Toasts();
const access = new Access(start);
const empty = new Empty(first, access);
const overview = new Overview();
const traffic = new Traffic(view, change);
const services = new Services(view, change, board);
const endpoints = new Endpoints((service) => change({ service, zoom: '' }, true));
const events = new Events(view, change);
const errors = new Errors();
const history_ = new History();
const annotations = new Annotations(view, [traffic.group, history_.days.group], access);
const detail = new Detail(view, change, board);
const live = new LiveClient({ baseUrl: home(), updates: 'patch', ...events.wanted() });
let snapshot = null;
let drawn = null;
const types = new Set();
const TYPES = 200;
const HISTORY_SOON_MS = 12_000;
const rise = { requests: 0, errors: 0 }; // since the last `traffic.advance`

/** Change the view: its panels, the subscription of the live connection, and the address (a new entry, if one may go `back`). */
function change(changes, back = false) {
  const before = { ...view };
  Object.assign(view, changes);
  const url = `${location.pathname}${write(view)}`;
  if (url !== location.pathname + location.search) history[back ? 'pushState' : 'replaceState'](null, '', url);
  apply(before);
  if (back && view.service !== before.service) {
    scrollTo(0, 0);
    if (view.service) byId('scope-title').focus({ preventScroll: true });
  }
}

function apply(before) {
  const differs = (...names) => names.some((name) => view[name] !== before[name]);
  if (differs('service', 'range', 'zoom')) traffic.group.setZoom(zoomOf(view.zoom), false);
  if (differs('service', 'range')) {
    forgetRise();
    traffic.reload();
  } else if (differs('zoom')) {
    traffic.draw();
    traffic.reload(false); // it may begin before the loaded points
  }
  if (differs('service', 'type', 'source')) {
    events.reload();
    live.subscribe(events.wanted());
    offerExports();
  }
  if (differs('service')) {
    detail.open();
    render();
  }
}

function render() {
  if (snapshot === null) return;
  const now = Date.parse(snapshot.updated_at) / 1000;
  showVerdict();
  empty.show(snapshot);
  const rows = Object.values(snapshot.services).filter(({ name }) => !view.service || name === view.service);
  traffic.ever = { requests: rows.some((row) => row.request_count > 0), latency: rows.some((row) => row.mean_latency_ms !== null) };
  annotations.show();
  errors.show(view.service, rows.reduce((sum, row) => sum + row.error_count, 0));
  if (view.service) {
    detail.show(snapshot.services, board.wrong);
    return;
  }
  overview.show(snapshot, now, board.wrong);
  services.show(snapshot.services, board.wrong);
  endpoints.show(snapshot.realtime_stats.top_endpoints);
  history_.refresh();
}

function take(data) {
  snapshot = data;
  const updatedAt = new Date(data.updated_at);
  const now = updatedAt.getTime() / 1000;
  if (learn(updatedAt.getTime())) traffic.reload(); // the loaded points are of another time
  connection.heard(updatedAt);
  const known = board.hours.size;
  const rises = board.take(data.services, now);
  if (known > 0 && board.hours.size > known) loadSoon();
  for (const [name, one] of rises) {
    if (view.service && name !== view.service) continue;
    rise.requests += one.requests;
    rise.errors += one.errors;
  }
  for (const event of data.realtime_stats.recent_events) if (types.size < TYPES) types.add(event.type);
  drawn ??= requestAnimationFrame(() => {
    drawn = null;
    render();
    setTimeout(goOn); // in a task of its own: none is to take long
  });
}

/** Show the first event at once, in the shortest range: in a longer one it would be a dot at the edge. */
function first() {
  traffic.startWith('5m');
  loadSoon();
  for (const ms of [0, HISTORY_SOON_MS]) setTimeout(() => history_.refresh(true), ms);
}

/** Load the earlier requests of new services, which live counters do not have. */
function loadSoon() {
  overview.reset();
  board.listDue = 0;
  traffic.reloadSoon();
}

function forgetRise() {
  rise.requests = rise.errors = 0;
}

function goOn() {
  const names = Object.keys(snapshot.services);
  const now = Date.parse(snapshot.updated_at) / 1000;
  traffic.advance(now, rise);
  forgetRise();
  board.load(view.service ? [view.service, ...names] : services.names(), (name) => services.isVisible(name));
  board.loadUsual(snapshot.services, now);
  board.loadList();
  events.offer(types, names);
}

function showVerdict() {
  headline.show(snapshot.services, board.wrong, connection, view.service);
}

function offerExports() {
  for (const place of document.querySelectorAll('[data-export]')) {
    const kind = place.dataset.export;
    const links = ['csv', 'json'].map((format) => {
      const href = kind === 'events' ? events.exportOf(format) : address(`/export/${kind}`, { format });
      return el('a', { href, download: '', 'aria-label': `Export ${kind} as ${format.toUpperCase()}` }, format.toUpperCase());
    });
    place.replaceChildren(...links);
  }
}

/** While there is no connection, show the reason. */
async function showWait(line) {
  if (line.retryIn === null) return;
  await access.check(); // the session may have ended
  const { text, isRefused } = await whyNot();
  if (connection.isLive) return;
  connection.refused(isRefused ? text : '');
  if (snapshot !== null) showVerdict();
  else setState(byId('verdict'), isRefused ? 'bad' : 'idle', text);
}

live.addEventListener('state', ({ detail: line }) => {
  connection.changed(line);
  if (snapshot !== null) showVerdict();
  showWait(line);
});
live.addEventListener('snapshot', ({ detail: message }) => {
  const again = snapshot !== null;
  if (again) {
    board.reset();
    overview.reset();
    traffic.reload();
    history_.refresh(true);
    if (message.gap) {
      events.gap();
      events.reload();
    }
  }
  events.missed(message.dropped);
  take(message.data);
  ask('/stats').then((stats) => Object.keys(stats.events_by_type).slice(0, TYPES).forEach((type) => types.add(type))).catch(() => {}); // later ones are added as their events arrive
});
live.addEventListener('update', ({ detail: message }) => {
  events.missed(message.dropped);
  take(message.data);
});
live.addEventListener('event', ({ detail: { data, dropped } }) => {
  if (types.size < TYPES) types.add(data.type);
  events.missed(dropped);
  events.add(data);
  if (isError(data)) toasts.error(data);
});

/** Begin to read, because this page may. */
function start() {
  Object.assign(view, read(location.search, RANGES)); // it may have changed since the form was shown
  addEventListener('popstate', () => {
    const before = { ...view };
    Object.assign(view, read(location.search, RANGES));
    apply(before);
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    forgetRise();
    traffic.reload();
    render();
  });
  byId('retry').addEventListener('click', () => live.retry());
  zone.addEventListener('change', () => {
    if (snapshot !== null) connection.heard(new Date(snapshot.updated_at));
    traffic.draw();
    errors.reload();
    events.reload();
    history_.refresh(true);
    detail.reload();
    render();
  });
  onClick(byId('home'), () => change({ service: '', zoom: '' }, true));
  offerExports();
  traffic.group.setZoom(zoomOf(view.zoom), false);
  detail.open();
  traffic.reload();
  events.reload();
  live.start();
}

startSwitches();
access.start();
