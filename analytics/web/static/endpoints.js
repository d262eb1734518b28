// The busiest endpoints of the range. What an older version kept by the day is shown for whole days.

import { byId, el, set, setText } from './dom.js';
import { ms, short, utcDay } from './format.js';

const SHOWN = 10;
const DAY = 86_400;

/** What endpoints are counted over: the range, or the whole days around it. */
export function endpointsAbout({ range, now: { endpoints } }) {
  if (endpoints.step < DAY || (endpoints.from >= range.from && endpoints.to <= range.to)) return range.words;
  const [first, last] = [endpoints.from, endpoints.to - DAY];
  return first >= last ? `whole day ${utcDay(first)} (UTC)` : `whole days ${utcDay(first)} – ${utcDay(last)} (UTC)`;
}

/** The endpoints of the other range by service and name; empty where they are of the same days. */
export function endpointsBefore({ now, then }) {
  const isComparable = then && then.endpoints.step === now.endpoints.step && then.endpoints.to <= now.endpoints.from;
  return new Map(isComparable ? then.endpoints.rows.map((row) => [`${row.service} ${row.endpoint}`, row]) : []);
}

export class Endpoints {
  constructor(onService) {
    this.body = byId('endpoints-table').tBodies[0];
    this.onService = onService;
  }

  /** Show the endpoints; row elements are reused. */
  show(loaded) {
    const endpoints = loaded?.now.endpoints.rows.slice(0, SHOWN) ?? [];
    const before = loaded ? endpointsBefore(loaded) : new Map();
    while (this.body.rows.length < endpoints.length) this.body.append(this.#row());
    [...this.body.rows].forEach((root, index) => {
      const top = endpoints[index];
      set(root, 'hidden', top === undefined);
      if (top === undefined) return;
      const old = before.get(`${top.service} ${top.endpoint}`);
      setText(root.path, top.endpoint);
      setText(root.service, top.service);
      set(root.cells[0], 'title', `${top.endpoint} of ${top.service}`);
      setText(root.number, short(top.requests));
      set(root.meter, 'max', endpoints[0].requests || 1);
      set(root.meter, 'value', top.requests);
      setText(root.mean, ms(top.mean_latency_ms));
      for (const [place, text] of [[root.then[0], old && short(old.requests)], [root.then[1], old && ms(old.mean_latency_ms)]]) {
        setText(place, text ?? '');
        set(place, 'title', old ? loaded.other.words : '');
      }
    });
    set(byId('endpoints-none'), 'hidden', endpoints.length > 0 || loaded === null);
    const about = loaded ? endpointsAbout(loaded) : '';
    setText(byId('endpoints-about'), about);
    set(byId('endpoints-about'), 'title', loaded && about !== loaded.range.words ? 'An older version counted endpoints of this time by the day only.' : '');
    setText(byId('endpoints-none'), `No requests with an endpoint: ${about}.`);
    setText(byId('endpoints-table').caption, `Busiest endpoints, ${about}`);
  }

  #row() {
    const path = el('span', { className: 'path' });
    const service = el('button', { type: 'button', className: 'of soft' });
    service.addEventListener('click', () => this.onService(service.textContent));
    const [number, mean] = [el('span'), el('span')];
    const then = [0, 1].map(() => el('span', { className: 'then soft' }));
    const meter = el('progress', { 'aria-hidden': 'true', value: 0, max: 1 });
    const root = el('tr', {}, el('th', { scope: 'row', className: 'k-endpoint' }, el('div', {}, path, service)), el('td', { className: 'n' }, number, then[0], meter), el('td', { className: 'n' }, mean, then[1]));
    return Object.assign(root, { path, service, number, mean, meter, then });
  }
}
