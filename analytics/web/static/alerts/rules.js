// The table of rules: state, newest value, expression and group of each.

import { byId, el, icon, set, setText } from '../dom.js';
import { ago, decimal, plural, span } from '../format.js';
import { nowMs } from '../servertime.js';
import { shownState } from './states.js';

const URGENCY = ['firing', 'error', 'no_data', 'recovering', 'pending'];

export class Rules {
  /** `onOpen` is called with a group's row, a rule's row, and its place in the group. */
  constructor(onOpen) {
    Object.assign(this, { onOpen, groups: [] });
    this.body = byId('rules-table').tBodies[0];
    this.filter = byId('rules-filter');
    this.filter.addEventListener('input', () => this.#fill());
  }

  /** Show these groups; while somebody reads the table, only other rules change it. */
  show(groups) {
    const names = JSON.stringify(groups.map(({ group, version }) => [group, version]));
    const isOther = names !== this.names;
    Object.assign(this, { groups, names });
    if (isOther || !this.body.matches(':hover, :focus-within')) this.#fill();
  }

  /** The row of a rule: `{group, rule, place}`; undefined if it is not there. */
  find(group, id) {
    const found = this.groups.find((each) => each.group === group);
    const place = found?.rules.findIndex(({ rule }) => rule === id) ?? -1;
    return place < 0 ? undefined : { group: found, rule: found.rules[place], place };
  }

  #fill() {
    const wanted = this.filter.value.trim().toLowerCase();
    const all = this.groups.flatMap((group) => group.rules.map((rule, place) => ({ group, rule, place })));
    const shown = all.filter(({ group, rule }) => !wanted || `${rule.name} ${group.title} ${rule.body.expr}`.toLowerCase().includes(wanted));
    shown.sort((a, b) => urgency(a.rule) - urgency(b.rule));
    this.body.replaceChildren(...shown.map((each) => this.#row(each)));
    setText(byId('rules-count'), `${plural(all.length, 'rule')} in ${plural(this.groups.length, 'group')}`);
    set(byId('rules-none'), 'hidden', shown.length > 0);
    setText(byId('rules-none'), wanted ? `No rule matches “${this.filter.value}”.` : 'No rules yet.');
  }

  #row({ group, rule, place }) {
    const open = el('button', { type: 'button', className: 'link' }, rule.name);
    open.addEventListener('click', () => this.onOpen(group, rule, place));
    const problem = rule.error ?? group.error;
    const { state, text } = problem ? { state: 'bad', text: 'error' } : rule.type === 'record' ? { state: 'idle', text: 'records' } : shownState(rule.state);
    const counted = rule.alerts > 1 ? ` (${rule.alerts})` : '';
    const evaluated = rule.evaluated_at ? `evaluated ${ago((nowMs() - Date.parse(rule.evaluated_at)) / 1000, span)}` : 'not evaluated yet';
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, rule.type === 'alert' ? open : rule.name),
      el('td', { className: 'state', 'data-state': state, title: problem ?? evaluated }, icon(state), text + counted),
      el('td', { className: 'n' }, decimal(rule.value)),
      el('td', { className: 'expr', title: problem ?? '' }, el('code', {}, rule.body.expr), problem ? el('span', { className: 'error' }, problem) : ''),
      el('td', { className: 'soft', title: `every ${group.interval}, from ${group.source}` }, group.title),
    );
  }
}

const urgency = ({ state }) => (URGENCY.includes(state) ? URGENCY.indexOf(state) : URGENCY.length);
