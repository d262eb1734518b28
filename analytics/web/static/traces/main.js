// Traces: a list with a scatter of durations, the waterfall of one trace, comparison of two, and the map of services.

import { address as addressOf, ask } from '../api.js';
import { byId, el, onClick, set, setText } from '../dom.js';
import { count, ms, plural, stamp } from '../format.js';
import { rangeOf } from '../views/address.js';
import { mark } from '../views/marking.js';
import { ViewPage } from '../views/page.js';
import { zone } from '../zone.js';
import { colorsOf } from './colors.js';
import { detailsOf } from './details.js';
import { callRows, drawMap } from './map.js';
import { Scatter, legend } from './scatter.js';
import { compared, endOf, nodesOf } from './tree.js';
import { address, askedOf, MOST_TRACES } from './view.js';
import { Waterfall, about } from './waterfall.js';

const AROUND_MS = 3_600_000;
const MOST_LINES = 1_000;
const MOST_OTHERS = 20;
const MOST_COMPARED = 1_000;
const PARTS = { list: showList, map: showMap, trace: showTrace, comparison: showComparison };
const page = new ViewPage(address, { fill, load: (view, signal) => PARTS[partOf(view)](view, signal), missing: 'There is no such trace: it may be older than traces are kept.' });
const scatter = new Scatter(byId('scatter'), { onNarrow: narrow, onOpen: openTrace });
const waterfall = new Waterfall({ ruler: byId('ruler'), rows: byId('rows'), scroller: byId('waterfall') }, showDetails);

/** The part of the page that shows a view. */
function partOf(view) {
  if (!view.trace) return view.show;
  return view.with ? 'comparison' : 'trace';
}

function openTrace(trace) {
  page.go({ trace, with: '' });
}

function narrow({ from, to, min, max }) {
  const text = (value) => (value === null ? '' : String(Number(value.toPrecision(3))));
  page.go({ from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString(), min: text(min) || page.view.min, max: text(max) || page.view.max });
}

async function showList(view, signal) {
  const [{ traces }, { data: services }] = await Promise.all([ask('/traces', askedOf(view, Date.now()), signal), ask('/api/services', {}, signal)]);
  byId('services').replaceChildren(...services.map((name) => el('option', { value: name })));
  const isFull = traces.length === MOST_TRACES;
  setText(byId('list-about'), traces.length ? `${isFull ? `The first ${MOST_TRACES}` : traces.length} that match` : '');
  set(byId('none'), 'hidden', traces.length > 0);
  set(byId('traces').parentElement, 'hidden', traces.length === 0);
  byId('traces').querySelector('tbody').replaceChildren(...traces.map(row));
  const { from, to } = rangeOf(view, Date.now());
  const range = [from, to].map((time) => Date.parse(time) / 1000);
  const drawn = isFull ? (await ask('/traces', { ...askedOf(view, Date.now()), order: 'spread' }, signal)).traces : traces;
  scatter.show(drawn, ...range);
  mark(scatter, range, [], view.service, signal);
  setText(byId('scatter-about'), isFull ? `${drawn.length} traces of the whole time are drawn, failed and slow ones before others; drag over a part of it to see all.` : '');
}

function row(trace) {
  const link = el('a', { href: address.write({ ...page.view, trace: trace.trace_id }), className: 'of' }, trace.name ?? '(its first span has not come)');
  onClick(link, () => openTrace(trace.trace_id));
  const services = Object.entries(trace.services).map(([name, spans]) => `${name} ${spans}`).join(', ');
  return el('tr', {}, el('td', {}, stamp(new Date(trace.start))), el('td', { className: 'of' }, trace.service ?? '–'), el('td', {}, link), el('td', { className: 'n' }, ms(trace.duration_ms)), el('td', { className: 'n' }, String(trace.spans)), el('td', { className: trace.errors ? 'n failed' : 'n' }, trace.errors ? String(trace.errors) : ''), el('td', { className: 'of soft' }, services));
}

async function loadTrace(id, signal) {
  const found = await ask(`/traces/${encodeURIComponent(id)}`, {}, signal);
  return { found, nodes: nodesOf(found.spans) };
}

async function showTrace(view, signal) {
  const { found, nodes } = await loadTrace(view.trace, signal);
  const around = { from: new Date(Date.parse(found.start) - AROUND_MS).toISOString(), to: new Date(Date.parse(found.start) + found.duration_ms + AROUND_MS).toISOString(), trace_id: found.trace_id };
  const colors = colorsOf(Object.keys(found.services));
  setText(byId('trace-title'), `${nodes[0].span.service} ${nodes[0].span.name}`);
  about(byId('trace-about'), nodes, found.span_count);
  byId('legend').replaceChildren(legend(colors));
  byId('json').href = addressOf(`/traces/${encodeURIComponent(view.trace)}`);
  byId('json').download = `${view.trace}.json`;
  byId('its-lines').href = `logging?${new URLSearchParams(around)}`;
  waterfall.show(nodes, colors);
  showDetails(nodes[0]);
  const { lines } = await ask('/logs', { ...around, limit: MOST_LINES }, signal);
  setText(byId('its-lines'), lines.length === MOST_LINES ? `The newest ${MOST_LINES} log lines` : plural(lines.length, 'log line'));
  waterfall.mark(lines.filter((line) => line.span_id).map((line) => ({ span_id: line.span_id, at: Date.parse(line.time) - Date.parse(found.start), text: line.body })));
  const { from, to } = around;
  const { traces } = await ask('/traces', { from, to, service: nodes[0].span.service, operation: nodes[0].span.name, limit: MOST_OTHERS }, signal);
  byId('others').replaceChildren(...traces.filter(({ trace_id: id }) => id !== found.trace_id).map((trace) => el('option', { value: trace.trace_id }, `${stamp(new Date(trace.start))}, ${ms(trace.duration_ms)}${trace.errors ? ', failed' : ''}`)));
}

function showDetails(node) {
  setText(byId('details-title'), `${node.span.service} ${node.span.name}`);
  byId('details').replaceChildren(...detailsOf(node, page.view.trace, openTrace));
}

async function showComparison(view, signal) {
  const [a, b] = await Promise.all([view.trace, view.with].map((id) => loadTrace(id, signal)));
  const side = (of) => (of ? `${ms(of.duration)}${of.count > 1 ? ` (${of.count})` : ''}${of.errors ? ', failed' : ''}` : '–');
  const rows = compared(a.nodes, b.nodes);
  byId('compared').querySelector('tbody').replaceChildren(...rows.slice(0, MOST_COMPARED).map((each) => {
    const name = el('td', { className: 'of' }, `${each.service} ${each.name}`);
    name.style.paddingLeft = `${each.depth * 12}px`;
    const difference = (each.b?.duration ?? 0) - (each.a?.duration ?? 0);
    return el('tr', {}, name, el('td', { className: 'n' }, side(each.a)), el('td', { className: 'n' }, side(each.b)), el('td', { className: 'n' }, `${difference < 0 ? '−' : '+'}${ms(Math.abs(difference))}`));
  }));
  byId('first').href = address.write({ ...view, with: '' });
  byId('second').href = address.write({ ...view, trace: view.with, with: '' });
  const more = rows.length > MOST_COMPARED ? `; the first ${count(MOST_COMPARED)} of ${count(rows.length)} rows` : '';
  setText(byId('comparison-about'), `${[a, b].map(({ nodes }) => ms(endOf(nodes))).join(' and ')}${more}`);
}

async function showMap(view, signal) {
  const graph = await ask('/services/graph', rangeOf(view, Date.now()), signal);
  setText(byId('map-about'), drawMap(byId('picture'), graph, (service) => page.go({ show: 'list', service })));
  set(byId('calls-part'), 'hidden', graph.calls.length === 0);
  byId('calls').querySelector('tbody').replaceChildren(...callRows(graph.calls));
}

/** Show the part of the page that a view needs, and where in the navigation it is. */
function fill(view) {
  for (const part of Object.keys(PARTS)) set(byId(part), 'hidden', part !== partOf(view));
  for (const link of byId('tabs').querySelectorAll('a')) {
    if (link.dataset.show === view.show) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  byId('other').value = view.with;
  set(page.form, 'hidden', Boolean(view.trace));
  page.form.classList.toggle('of-map', view.show === 'map');
}

for (const link of byId('tabs').querySelectorAll('a')) onClick(link, () => page.go({ show: link.dataset.show, trace: '', with: '' }));
for (const [id, part] of [['first', 'trace'], ['second', 'with']]) onClick(byId(id), () => page.go({ trace: page.view[part], with: '' }));
for (const id of ['back', 'back-too']) byId(id).addEventListener('click', () => page.go({ trace: '', with: '' }));
byId('compare').addEventListener('submit', (event) => {
  event.preventDefault();
  const other = byId('other').value.match(/[0-9a-f]{32}/i)?.[0] ?? byId('other').value.trim(); // also out of an address
  if (other) page.go({ with: other });
});
zone.addEventListener('change', () => page.access.isOpen && page.show());
page.start();
