// The answer: a title, a chart or bars, a table, and the table as CSV.

import { Chart } from '../chart.js';
import { Group } from '../chartgroup.js';
import { byId, el, set, setText } from '../dom.js';
import { count, decimal, percent } from '../format.js';
import { mark } from '../views/marking.js';
import { csv } from './csv.js';
import { barsOf, captionOf, tableOf } from './tables.js';

const COLORS = ['accent', 'mark', 'good', 'warn', 'bad', 'soft'];
const LENGTHS = { minute: 60, hour: 3600, day: 86_400, week: 604_800, month: 2_592_000 };
const NOTHING = 'No events match.';

export class Answer {
  constructor() {
    this.section = byId('answer');
    this.chart = byId('chart');
    this.table = byId('table');
    this.link = byId('csv');
    this.href = null;
    this.group = new Group(() => {});
  }

  /** Say that an answer is on its way. */
  wait() {
    this.section.setAttribute('aria-busy', 'true');
  }

  /** Hide the answer: there is none. */
  clear() {
    this.section.setAttribute('aria-busy', 'false');
    set(this.section, 'hidden', true);
  }

  /** Show the answer to the question of a view, of which `body` was asked. */
  show(view, body, answer) {
    set(this.section, 'hidden', false);
    this.section.setAttribute('aria-busy', 'false');
    const table = tableOf(view, answer);
    setText(byId('answer-title'), TITLES[view.question](view, body));
    setText(byId('answer-about'), aboutOf(answer, table));
    this.#fill(table);
    this.chart.replaceChildren();
    for (const chart of this.group.charts.splice(0)) {
      chart.uplot?.destroy();
      chart.uplot = undefined;
    }
    if (view.question === 'figures' && answer.times.length > 1) this.#draw(view, body, answer);
    const bars = barsOf(view, answer);
    if (bars.length) this.chart.append(drawn(bars, view.question !== 'figures'));
    if (this.href) URL.revokeObjectURL(this.href);
    this.href = URL.createObjectURL(new Blob([csv([table.head, ...table.rows])], { type: 'text/csv' }));
    this.link.href = this.href;
    this.link.download = `${view.question}.csv`;
  }

  #draw(view, body, answer) {
    const groups = answer.groups.slice(0, COLORS.length);
    const lines = groups.length ? groups.map((group) => [group.values.map((value) => value ?? '(none)').join(' · '), group.points]) : [[captionOf(view), answer.points]];
    const series = lines.map(([label], place) => ({ label, color: COLORS[place], format: figure, fill: lines.length === 1 }));
    const chart = new Chart(this.chart, this.group, captionOf(view), series);
    const times = answer.times.map((time) => Date.parse(time) / 1000);
    const step = LENGTHS[body.interval];
    const note = answer.group_count > groups.length && groups.length ? `The ${groups.length} largest of ${count(answer.group_count)} groups are drawn.` : '';
    const range = [times[0], times.at(-1) + step];
    chart.show([times, ...lines.map(([, points]) => points)], step, range, note);
    mark(chart, range);
  }

  #fill({ head, rows, percents }) {
    const numeric = head.map((_, place) => rows.some((row) => typeof row[place] === 'number'));
    const heads = head.map((name, place) => el('th', { scope: 'col', className: numeric[place] ? 'n' : '' }, name));
    const shown = rows.map((row) => el('tr', {}, ...row.map((value, place) => {
      if (!numeric[place]) return el('td', { className: 'of' }, value ?? '');
      const cell = el('td', { className: 'n' }, percents.includes(place) ? share(value) : figure(value));
      if (percents.includes(place) && typeof value === 'number') cell.style.setProperty('--share', value.toFixed(3));
      return cell;
    })));
    this.table.replaceChildren(el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...shown));
  }
}

const share = (value) => (value === null ? '' : percent(value * 100, 1));
const figure = (value) => (Number.isInteger(value) ? count(value) : decimal(value));
const TITLES = {
  figures: (view, body) => [captionOf(view), ...(body.by ? [`by ${body.by.join(' and ')}`] : []), ...(body.interval ? [`per ${body.interval}`] : [])].join(' '),
  funnel: (view) => `Funnel within ${decimal(Number(view.window))} hours`,
  retention: (view) => `Users who came back, by ${view.cohorts} of their first event`,
};

function aboutOf(answer, { rows }) {
  if (answer.question === 'figures') {
    const groups = answer.groups.length ? ` · ${count(answer.groups.length)} of ${count(answer.group_count)} groups` : '';
    return answer.value ? `${figure(answer.value)} in all${groups}` : NOTHING;
  }
  if (answer.question === 'funnel') {
    const [first, last] = [answer.steps[0].users, answer.steps.at(-1).users];
    return first ? `${count(last)} of ${count(first)} users reached the last step (${percent((last / first) * 100, 1)})` : NOTHING;
  }
  return rows.length ? '' : NOTHING;
}

/** A list of bars, with what each is a share of if `isShare`. */
function drawn(bars, isShare) {
  return el('ol', { className: 'bars' }, ...bars.map(({ label, value, of }) => {
    const bar = el('span', { className: 'fill' });
    const part = value > 0 && of > 0 ? value / of : 0;
    bar.style.width = `${part * 100}%`;
    const text = `${figure(value)}${isShare ? ` (${percent(part * 100, 1)})` : ''}`;
    return el('li', {}, el('span', { className: 'of' }, label), el('span', { className: 'n' }, text), el('span', { className: 'track' }, bar));
  }));
}
