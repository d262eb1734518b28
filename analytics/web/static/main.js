// The dashboard: one live connection, one view in the address, and the panels that show both.

import { LiveClient } from '../sdk/analytics.js';
import { Access } from './access.js';
import { Annotations } from './annotations.js';
import { address, ask, home, whyNot } from './api.js';
import { Bell } from './bell.js';
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
import { RangeBar } from './rangebar.js';
import { RangeChoice } from './rangechoice.js';
import { learn, now as clock } from './servertime.js';
import { Services } from './services.js';
import { Summaries } from './summaries.js';
import { startSwitches } from './switches.js';
import { Toasts } from './toast.js';
import { Traffic } from './traffic.js';
import { read, withService, write } from './url.js';
import { zone } from './zone.js';

const view = read(location.search);
const choice = new RangeChoice(view);
const board = new Board();
const connection = new Connection();
const open = (service) => change({ service });
const headline = new Headline(view, open);
const toasts = new Toasts();
const access = new Access(start);
const empty = new Empty(first, access);
const overview = new Overview();
const bar = new RangeBar(view, choice, change);
const summaries = new Summaries(view, choice, loaded);
const traffic = new Traffic(bar, view);
const services = new Services(view, change, board);
const endpoints = new Endpoints(open);
const events = new Events(view, choice, change);
const errors = new Errors();
const history_ = new History((from, to) => bar.choose(from, to));
const annotations = new Annotations(view, [traffic.group, history_.days.group], access);
const detail = new Detail(view, change);
const live = new LiveClient({ baseUrl: home(), updates: 'patch', ...events.wanted() });
let snapshot = null;
let drawn = null;
let shownRange = choice.chosen;
const types = new Set();
const TYPES = 200;
const HISTORY_SOON_MS = 12_000;
const LISTS = ['type', 'source', 'q', 'find', 'sort']; // what these change is no step back

/** Change the view: its panels, the subscription of the live connection, and the address; Back undoes all but filters and order. */
function change(changes) {
  const before = { ...view };
  Object.assign(view, changes);
  const isStep = Object.keys(view).some((name) => !LISTS.includes(name) && view[name] !== before[name]);
  const url = `${location.pathname}${write(view)}`;
  if (url !== location.pathname + location.search) history[isStep ? 'pushState' : 'replaceState'](null, '', url);
  apply(before);
  if (view.service !== before.service) {
    scrollTo(0, 0);
    if (view.service) byId('scope-title').focus({ preventScroll: true });
  }
}

function apply(before) {
  const differs = (...names) => names.some((name) => view[name] !== before[name]);
  const isOtherRange = differs('range', 'from', 'to');
  if (isOtherRange || differs('compare')) bar.update();
  if (differs('service')) detail.open();
  if (isOtherRange || differs('service', 'compare')) summaries.load(differs('service'));
  if (isOtherRange || differs('service', 'type', 'source', 'q')) {
    events.reload();
    offerExports();
  }
  if (differs('service', 'type', 'source')) live.subscribe(events.wanted());
  if (differs('service')) render();
}

/** Another summary was loaded, or could not be: the chosen range may be another one too. */
function loaded() {
  if (shownRange !== choice.chosen && !choice.isNamed) {
    events.reload();
    offerExports();
  }
  shownRange = choice.chosen;
  render();
}

function render() {
  const { loaded: found, failed } = summaries;
  const now = snapshot === null ? clock() : Date.parse(snapshot.updated_at) / 1000;
  bar.show(found, failed, now);
  byId('home').href = withService(view, '');
  if (snapshot === null) return;
  showVerdict();
  empty.show(snapshot);
  const rows = Object.values(snapshot.services).filter(({ name }) => !view.service || name === view.service);
  const ever = { requests: rows.some((row) => row.request_count > 0), latency: rows.some((row) => row.mean_latency_ms !== null) };
  traffic.show(found, ever, failed, now);
  annotations.show();
  if (found) errors.show(view.service, found.range, Math.round(found.now.figures.errors));
  if (view.service) {
    detail.show(snapshot.services, board.wrong, found);
    return;
  }
  overview.show(found, snapshot, now, ever);
  services.show(snapshot.services, board.wrong, found);
  endpoints.show(found);
  history_.refresh();
}

function take(data) {
  snapshot = data;
  const updatedAt = new Date(data.updated_at);
  const now = updatedAt.getTime() / 1000;
  if (learn(updatedAt.getTime())) summaries.load(); // what is loaded is of another time
  connection.heard(updatedAt);
  const known = board.hours.size;
  const rises = board.take(data.services, data.unusual, now);
  if (known > 0 && board.hours.size > known) loadSoon();
  summaries.advance(now, view.service ? new Map([...rises].filter(([name]) => name === view.service)) : rises);
  for (const event of data.realtime_stats.recent_events) if (types.size < TYPES) types.add(event.type);
  drawn ??= requestAnimationFrame(() => {
    drawn = null;
    render();
    setTimeout(goOn); // in a task of its own: none is to take long
  });
}

/** Show the first event at once, in the shortest range: in a longer one it would be a dot at the edge. */
function first() {
  choice.startWith('1m');
  loadSoon();
  for (const ms of [0, HISTORY_SOON_MS]) setTimeout(() => history_.refresh(true), ms);
}

/** Load the earlier requests of new services, which live counters do not have. */
function loadSoon() {
  summaries.loadSoon();
}

function goOn() {
  const names = Object.keys(snapshot.services);
  board.load(view.service ? [view.service, ...names] : services.names(), (name) => services.isVisible(name));
  events.offer(types, names);
}

function showVerdict() {
  headline.show(snapshot.services, board.wrong, connection, view.service, summaries.loaded);
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
    summaries.load();
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
  Object.assign(view, read(location.search)); // it may have changed since the form was shown
  addEventListener('popstate', () => {
    const before = { ...view };
    Object.assign(view, read(location.search));
    apply(before);
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    summaries.load();
    render();
  });
  byId('retry').addEventListener('click', () => live.retry());
  zone.addEventListener('change', () => {
    if (snapshot !== null) connection.heard(new Date(snapshot.updated_at));
    errors.reload();
    events.reload();
    history_.refresh(true);
    detail.reload();
    render();
  });
  onClick(byId('home'), () => open(''));
  offerExports();
  bar.update();
  detail.open();
  summaries.load();
  events.reload();
  live.start();
  new Bell().start();
}

startSwitches();
access.start();
