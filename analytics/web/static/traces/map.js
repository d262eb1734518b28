// The map of services: who calls whom, with rate, errors and 95th percentile.

import { el, svg } from '../dom.js';
import { ms, percent, rate } from '../format.js';
import { layout } from './layout.js';

const MOST = 50;
const MARGIN = 12;

/** Draw the graph into `place`; `onService` is called with the name of a service. Returns a sentence about it. */
export function drawMap(place, { services, calls }, onService) {
  const known = services.toSorted((a, b) => b.requests - a.requests).slice(0, MOST);
  const names = known.map(({ name }) => name);
  const drawn = calls.filter(({ from, to }) => names.includes(from) && names.includes(to));
  const { places, width, height, box } = layout(names, drawn);
  const at = new Map(places.map((each) => [each.name, each]));
  const picture = svg('svg', { class: 'map', width: width + 2 * MARGIN, height: height + 2 * MARGIN, viewBox: `${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}`, role: 'group', 'aria-label': 'Services and their calls' });
  const defs = svg('defs');
  const arrow = svg('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' });
  arrow.append(svg('path', { d: 'M0 0 8 4 0 8z' }));
  defs.append(arrow);
  picture.append(defs, ...drawn.filter(({ from, to }) => from !== to).map((call) => edge(call, at, box)), ...known.map((service) => node(service, at.get(service.name), box, onService)));
  place.replaceChildren(picture);
  const more = services.length > MOST ? ` The ${MOST} busiest of ${services.length} are drawn.` : '';
  return services.length ? `${services.length} services, ${calls.length} connections.${more}` : 'No spans in this time.';
}

/** A row for each call, the one with the most requests first. */
export const callRows = (calls) => calls.toSorted((a, b) => b.requests - a.requests).map((call) => el(
  'tr',
  {},
  ...[call.from, call.to].map((name) => el('td', { className: 'of' }, name)),
  el('td', { className: 'n' }, rate(call.requests_per_second)),
  el('td', { className: call.errors ? 'n failed' : 'n' }, call.errors ? percent((call.errors / call.requests) * 100, 1) : ''),
  el('td', { className: 'n' }, call.p95_ms === null ? '' : ms(call.p95_ms)),
));

function edge(call, at, box) {
  const [a, b] = [at.get(call.from), at.get(call.to)];
  const isBack = b.x <= a.x;
  const [x1, y1, x2, y2] = [isBack ? a.x : a.x + box.width, a.y + box.height / 2, isBack ? b.x + box.width : b.x, b.y + box.height / 2];
  const bend = (x2 - x1) / 2;
  const line = svg('path', { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, class: call.errors ? 'edge failed' : 'edge', 'marker-end': 'url(#arrow)' });
  const title = svg('title');
  title.append(`${call.from} calls ${call.to}: ${figures(call)}`);
  line.append(title);
  return line;
}

function node(service, { x, y }, box, onService) {
  const group = svg('g', { transform: `translate(${x} ${y})`, class: ['node', service.is_outside ? 'outside' : '', service.errors ? 'failed' : ''].join(' '), tabindex: 0, role: 'link', 'aria-label': `${service.name} ${figures(service)}` });
  const said = svg('foreignObject', { x: 12, y: 6, width: box.width - 24, height: box.height - 10 });
  said.append(el('div', { className: 'title of' }, service.name), ' ', el('div', { className: 'soft' }, figures(service)));
  const title = svg('title');
  title.append(`${service.name} ${figures(service)}`);
  group.append(title, svg('rect', { width: box.width, height: box.height, rx: 6 }), said);
  const open = () => onService(service.name);
  group.addEventListener('click', open);
  group.addEventListener('keydown', ({ key }) => key === 'Enter' && open());
  return group;
}

function figures({ requests, errors, requests_per_second: perSecond, p95_ms: p95 }) {
  return [rate(perSecond), errors ? `${percent((errors / requests) * 100, 1)} err` : '', p95 === null ? '' : `p95 ${ms(p95)}`].filter(Boolean).join(' · ');
}
