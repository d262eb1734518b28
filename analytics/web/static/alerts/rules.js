// The table of rules: state, newest value, history, expression and group of each.

import { byId, el, icon, set, setText } from '../dom.js';
import { decimal, plural } from '../format.js';
import { showList } from './list.js';
import { shownState } from './states.js';
import { TREND_HOURS, Trends } from './trends.js';

const OBJECTIVES = 'slo:'; // groups whose rules look at days: their history would cost seconds, and objectives have figures of their own
const URGENCY = ['firing', 'error', 'no_data', 'recovering', 'pending'];

export class Rules {
  /** `onOpen` is called with a group's row, a rule's row, and its place in the group. */
  constructor(onOpen) {
    Object.assign(this, { onOpen, groups: [], trends: new Trends(() => byId('editor').getAttribute('aria-busy') === 'true') });
    this.body = byId('rules-table').tBodies[0];
    this.filter = byId('rules-filter');
    this.filter.addEventListener('input', () => this.#fill());
    setText(byId('rules-history'), `Last ${TREND_HOURS} hours`);
  }

  /** Show these groups. */
  show(groups) {
    this.groups = groups;
    this.#fill();
    this.trends.refresh(new Set(groups.flatMap((group) => group.rules.map((rule) => keyOf(group, rule)))));
  }

  /** The row of a rule: `{group, rule, place}`; undefined if it is not there. */
  find(group, id) {
    const found = this.groups.find((each) => each.group === group);
    const place = found?.rules.findIndex(({ rule }) => rule === id) ?? -1;
    return place < 0 ? undefined : { group: found, rule: found.rules[place], place };
  }

  #fill() {
    const wanted = this.filter.value.trim().toLowerCase();
    const all = this.groups.flatMap((group) => group.rules.map((rule) => ({ group, rule })));
    const shown = all.filter(({ group, rule }) => !wanted || `${rule.name} ${group.title} ${rule.body.expr}`.toLowerCase().includes(wanted));
    shown.sort((a, b) => urgency(a.rule) - urgency(b.rule));
    const items = shown.map(({ group, rule }) => ({
      key: keyOf(group, rule),
      group: group.group,
      title: group.title,
      about: `every ${group.interval}, from ${group.source}`,
      problem: rule.error ?? group.error,
      rule: { ...rule, evaluated_at: rule.evaluated_at !== null, seconds: 0 },
    }));
    showList(this.body, items, ({ key }) => key, (item) => this.#row(item));
    setText(byId('rules-count'), `${plural(all.length, 'rule')} in ${plural(this.groups.length, 'group')}`);
    set(byId('rules-none'), 'hidden', shown.length > 0);
    setText(byId('rules-none'), wanted ? `No rule matches “${this.filter.value}”.` : 'No rules yet.');
  }

  #row({ key, group, title, about, problem, rule }) {
    const open = el('button', { type: 'button', className: 'link', name: 'open' }, rule.name);
    open.addEventListener('click', () => {
      const found = this.find(group, rule.rule);
      if (found) this.onOpen(found.group, found.rule, found.place);
    });
    const isAlert = rule.type === 'alert';
    const { state, text } = problem ? { state: 'bad', text: 'error' } : isAlert ? shownState(rule.state) : { state: 'idle', text: 'records' };
    const counted = rule.alerts > 1 ? ` (${rule.alerts})` : '';
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, isAlert ? open : rule.name),
      el('td', { className: 'k-state', 'data-label': 'State', title: problem ?? (rule.evaluated_at ? about : 'not evaluated yet') }, el('span', { className: 'state', 'data-state': state }, icon(state), text + counted)),
      el('td', { className: 'n', 'data-label': 'Value' }, decimal(rule.value)),
      el('td', { className: 'k-trend', 'data-label': `Last ${TREND_HOURS} hours` }, isAlert && !group.startsWith(OBJECTIVES) ? this.trends.of(key, rule.body) : ''),
      el('td', { className: 'expr', 'data-label': 'Expression', title: rule.body.expr }, el('code', {}, rule.body.expr), problem ? el('span', { className: 'error' }, problem) : ''),
      el('td', { className: 'k-group soft', 'data-label': 'Group', title: about }, title),
    );
  }
}

const keyOf = ({ group, version }, { rule }) => `${group}/${rule}@${version}`;

const urgency = ({ state }) => (URGENCY.includes(state) ? URGENCY.indexOf(state) : URGENCY.length);
