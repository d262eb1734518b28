// The busiest endpoints of the last minute.

import { byId, el, set, setText } from './dom.js';
import { ms, short } from './format.js';

export class Endpoints {
  constructor(onService) {
    this.body = byId('endpoints-table').tBodies[0];
    this.onService = onService;
  }

  /** Show the endpoints of a snapshot; row elements are reused. */
  show(endpoints) {
    while (this.body.rows.length < endpoints.length) this.body.append(this.#row());
    [...this.body.rows].forEach((root, index) => {
      const top = endpoints[index];
      set(root, 'hidden', top === undefined);
      if (top === undefined) return;
      setText(root.path, top.endpoint);
      setText(root.service, top.service);
      set(root.cells[0], 'title', `${top.endpoint} of ${top.service}`);
      setText(root.number, short(top.count));
      set(root.meter, 'max', endpoints[0].count || 1);
      set(root.meter, 'value', top.count);
      setText(root.cells[2], ms(top.mean_latency_ms));
    });
    set(byId('endpoints-none'), 'hidden', endpoints.length > 0);
  }

  #row() {
    const path = el('span', { className: 'path' });
    const service = el('button', { type: 'button', className: 'of soft' });
    service.addEventListener('click', () => this.onService(service.textContent));
    const number = el('span');
    const meter = el('progress', { 'aria-hidden': 'true', value: 0, max: 1 });
    const root = el('tr', {}, el('th', { scope: 'row', className: 'k-endpoint' }, el('div', {}, path, service)), el('td', { className: 'n' }, number, meter), el('td', { className: 'n' }));
    return Object.assign(root, { path, service, number, meter });
  }
}
