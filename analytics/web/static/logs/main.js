// Logs: lines over time, a list with their fields, patterns, the lines around one, and a live tail.

import { ask } from '../api.js';
import { byId, el, set, setState, setText } from '../dom.js';
import { count, plural, stamp } from '../format.js';
import { rangeOf } from '../views/address.js';
import { mark } from '../views/marking.js';
import { ViewPage } from '../views/page.js';
import { zone } from '../zone.js';
import { Bars } from './bars.js';
import { lineRow } from './lines.js';
import { Tail } from './tail.js';
import { address, filtersOf, plain, withCondition } from './view.js';

const PAGE = 200;
const MOST_ROWS = 2_000;
const MOST_AT_ONCE = 1_000;
const LATE_MS = 10_000; // how long after its time a line may come
const MOST_DOWNLOADED = 10_000;
const MOST_FIELDS = 30;
const STATES = { live: ['good', 'Live'], paused: ['idle', 'Paused'], broken: ['warn', 'Connecting…'] };

const page = new ViewPage(address, { fill, load });
const bars = new Bars(byId('bars'), (from, to) => page.go({ from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString() }));
const tail = new Tail(showNew, showState, sinceShown);
const acts = { onValue: (field, value, isNot) => page.go({ q: withCondition(page.view.q, field, value, isNot) }), onContext: (line) => page.attempt((signal) => showContext(line, signal)) };
let older = null;
let completeUntil = null; // up to then no line is missing, in milliseconds since the epoch; null while they come live
let isLoadingOlder = false;
let missed = 0;
let shown = [];

const secondsOf = (time) => Date.parse(time) / 1000;
const asked = (view) => ({ ...filtersOf(view), ...rangeOf(view, Date.now()) });

async function load(view, signal) {
  stopTail();
  byId('context').close();
  const query = asked(view);
  const now = Date.now();
  const [found, histogram] = await Promise.all([ask('/logs', { ...query, limit: PAGE }, signal), ask('/logs/histogram', query, signal)]);
  bars.show(histogram);
  mark(bars, [histogram.start, histogram.end].map(secondsOf), [], view.service, signal);
  setText(byId('lines-about'), `${plural(histogram.count, 'line')}`);
  showPage(found, { isFirst: true });
  completeUntil = now;
  if (tail.source) {
    stopTail(); // it was started meanwhile: what it showed is replaced
    startTail();
  }
  const [{ fields, examined, is_sampled: isSampled }, { patterns }] = await Promise.all([ask('/logs/fields', query, signal), ask('/logs/patterns', query, signal)]);
  showFields(fields, isSampled ? `of the newest ${count(examined)} lines` : '');
  showPatterns(patterns);
}

function showPage({ lines, next_cursor: next }, { isFirst }) {
  older = next;
  const rows = lines.map((line) => lineRow(line, acts));
  if (isFirst) {
    shown = lines;
    byId('lines').replaceChildren(...rows);
  } else {
    shown.push(...lines);
    byId('lines').append(...rows);
  }
  set(byId('older'), 'hidden', !older || byId('lines').childElementCount >= MOST_ROWS);
  set(byId('none'), 'hidden', byId('lines').childElementCount > 0);
}

async function showOlder(signal) {
  if (isLoadingOlder) return;
  isLoadingOlder = true;
  try {
    showPage(await ask('/logs', { ...asked(page.view), limit: PAGE, cursor: older }, signal), { isFirst: false });
  } finally {
    isLoadingOlder = false;
  }
}

function showFields(fields, about) {
  setText(byId('fields-about'), about);
  set(byId('fields-part'), 'hidden', fields.length === 0);
  byId('fields').replaceChildren(...fields.slice(0, MOST_FIELDS).map(({ name, values, distinct }) => {
    const rows = values.map(({ value, count: lines }) => {
      const button = el('button', { type: 'button', className: 'value', title: `Only lines with ${name} ${value}` }, el('span', { className: 'of' }, value), el('span', { className: 'n' }, count(lines)));
      button.addEventListener('click', () => acts.onValue(name, value));
      return el('li', {}, button);
    });
    return el('details', { open: ['level', 'service'].includes(name) }, el('summary', {}, name, el('span', { className: 'soft' }, ` ${count(distinct)}`)), el('ul', {}, ...rows));
  }));
}

function showPatterns(patterns) {
  set(byId('patterns-part'), 'hidden', patterns.length === 0);
  setText(byId('patterns-count'), patterns.length ? count(patterns.length) : '');
  byId('patterns').querySelector('tbody').replaceChildren(...patterns.map(({ pattern, count: lines, level, services, last, example }) => el('tr', { title: plain(example) }, el('td', { className: 'n' }, count(lines)), el('td', {}, el('span', { className: `level level-${level}` }, level)), el('td', { className: 'of' }, plain(pattern)), el('td', { className: 'of soft' }, services.join(', ')), el('td', {}, stamp(new Date(last))))));
}

async function showContext(line, signal) {
  const { before, line: found, after } = await ask('/logs/context', { id: line.id, time: line.time }, signal);
  byId('context-lines').replaceChildren(...[...before, found, ...after].map((each) => {
    const row = lineRow(each, acts);
    row.classList.toggle('chosen', each.id === found.id);
    return row;
  }));
  if (!byId('context').open) byId('context').showModal();
  byId('context').querySelector('.chosen').scrollIntoView({ block: 'center' });
}

function startTail() {
  missed = 0;
  set(byId('tail-state'), 'hidden', false);
  set(byId('pause'), 'hidden', false);
  byId('live').setAttribute('aria-pressed', 'true');
  setState(byId('tail-state'), ...STATES.broken);
  tail.start(filtersOf(page.view));
}

function showState(state) {
  if (state === 'broken') completeUntil ??= Date.now();
  setState(byId('tail-state'), ...STATES[state]);
}

function stopTail() {
  tail.stop();
  completeUntil ??= Date.now();
  for (const id of ['tail-state', 'pause', 'missed']) set(byId(id), 'hidden', true);
  byId('live').setAttribute('aria-pressed', 'false');
  byId('pause').setAttribute('aria-pressed', 'false');
}

/** The lines that came since those that are shown, some of which may be among them, newest first; none where a time was chosen. */
async function sinceShown() {
  if (page.view.from || completeUntil === null) return [];
  let lines = [];
  await page.attempt(async (signal) => {
    const newest = shown.length ? shown[0].time : rangeOf(page.view, completeUntil).from; // a break is noticed late
    const from = new Date(Math.min(Date.parse(newest), completeUntil) - LATE_MS).toISOString();
    const found = await ask('/logs', { ...filtersOf(page.view), from, limit: MOST_AT_ONCE }, signal);
    ({ lines } = found);
    completeUntil = null;
    if (found.next_cursor) showPage({ lines: [], next_cursor: found.next_cursor }, { isFirst: true }); // older lines are read from there on
  });
  const oldest = older && shown.length ? Date.parse(shown.at(-1).time) : -Infinity; // what is before it comes with older lines
  return lines.filter(({ time }) => Date.parse(time) >= oldest);
}

function showNew(found, more) {
  const known = new Set(shown.map(({ id }) => id)); // a line may come by the tail and by what it missed
  const lines = found.filter(({ id }) => !known.has(id));
  missed += more;
  set(byId('missed'), 'hidden', missed === 0);
  setText(byId('missed'), `${plural(missed, 'line')} too many to show`);
  shown.unshift(...lines);
  byId('lines').prepend(...lines.map((line) => lineRow(line, acts)));
  while (byId('lines').childElementCount > MOST_ROWS) byId('lines').lastChild.remove();
  shown.splice(MOST_ROWS);
  set(byId('none'), 'hidden', shown.length > 0);
}

/** Download all lines that match, up to a limit, one JSON object a line. */
async function download(signal) {
  const query = { ...asked(page.view), limit: MOST_AT_ONCE };
  const lines = [];
  for (let cursor; lines.length < MOST_DOWNLOADED;) {
    const found = await ask('/logs', { ...query, cursor }, signal);
    lines.push(...found.lines);
    cursor = found.next_cursor;
    if (!cursor) break;
  }
  const href = URL.createObjectURL(new Blob(lines.map((line) => `${JSON.stringify(line)}\n`), { type: 'application/x-ndjson' }));
  el('a', { href, download: 'logs.ndjson' }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

function fill({ wrap }) {
  byId('wrap').setAttribute('aria-pressed', String(Boolean(wrap)));
  byId('lines').classList.toggle('wrapped', Boolean(wrap));
}

byId('older').addEventListener('click', () => page.attempt(showOlder));
byId('download').addEventListener('click', () => page.attempt(download));
byId('live').addEventListener('click', () => (tail.source ? stopTail() : startTail()));
byId('pause').addEventListener('click', () => {
  tail.pause(!tail.isPaused);
  byId('pause').setAttribute('aria-pressed', String(tail.isPaused));
});
byId('wrap').addEventListener('click', () => {
  page.note({ wrap: page.view.wrap ? '' : '1' });
  fill(page.view);
});
byId('context-close').addEventListener('click', () => byId('context').close());
zone.addEventListener('change', () => page.access.isOpen && page.show());
page.start();
