// Incidents: what is done about each, and on request its timeline, alerts, notes and links.

import { byId, el, set, setText } from '../dom.js';
import { nameOf } from '../firing.js';
import { count, plural, span, when } from '../format.js';
import { action, card, handling, moment, since } from './cards.js';
import { showList } from './list.js';
import { load } from './sources.js';

const SNOOZES = { '1h': '1 hour', '4h': '4 hours', '24h': '1 day' };
const MOST_MEMBERS = 20;
/** What shows the time of an incident: the name of the link, and its text. */
const LINKS = [
  ['charts', 'Charts of that time'],
  ['error_groups', 'Errors'],
  ['failed_traces', 'Failed traces'],
  ['traces', 'Slowest traces'],
  ['error_lines', 'Error lines'],
  ['lines', 'All lines'],
  ['events', 'Events (JSON)'],
];

export class Incidents {
  /** `onAct` is called with an incident, an action and its body, and resolves once that is done. */
  constructor(onAct) {
    Object.assign(this, { onAct, mayAct: false, opened: new Map() });
    this.section = byId('incidents');
    this.list = byId('incidents-list');
  }

  /** Show these incidents; null where the service has none. */
  show(found, mayAct) {
    this.mayAct = mayAct;
    const all = found?.incidents ?? [];
    const open = all.filter(({ resolved_at: at }) => at === null);
    set(this.section, 'hidden', all.length === 0);
    setText(byId('incidents-count'), `${count(open.length)} open, ${found?.has_more ? 'newest ' : ''}${count(all.length - open.length)} over`);
    const sorted = [...open, ...all.filter(({ resolved_at: at }) => at !== null)];
    const items = sorted.map(({ duration_seconds: seconds, ...rest }) => ({ ...rest, lasted: rest.resolved_at === null ? null : seconds }));
    showList(this.list, items, ({ id }) => id, (incident) => this.#card(incident));
  }

  #card(incident) {
    const isOver = incident.resolved_at !== null;
    const about = [
      isOver ? plural(incident.alerts, 'alert') : firingText(incident),
      incident.services.join(', '),
      handling(incident),
    ];
    const time = isOver ? moment(incident.started_at, `${when(new Date(incident.started_at))} – ${when(new Date(incident.resolved_at))}, ${span(incident.lasted)}`) : since(incident.started_at);
    time.className = 'soft';
    const state = isOver ? 'good' : incident.acknowledged_at ? 'warn' : 'bad';
    return card(state, [el('span', {}, incident.title), ' ', time], [about.filter(Boolean).join(' · ')], this.mayAct && !isOver ? this.#buttons(incident) : null, this.#more(incident));
  }

  #buttons(incident) {
    const snooze = el('select', { name: 'snooze', 'aria-label': 'Snooze' }, el('option', { value: '' }, 'Snooze for …'), ...Object.entries(SNOOZES).map(([value, text]) => el('option', { value }, text)));
    snooze.addEventListener('change', async () => {
      const duration = snooze.value;
      snooze.blur();
      if (duration) await this.onAct(incident, 'snooze', { duration });
      snooze.value = '';
    });
    return el('p', { className: 'buttons' }, incident.acknowledged_at ? '' : action('Acknowledge', 'acknowledge', () => this.onAct(incident, 'acknowledge', {})), snooze);
  }

  /** What is shown on request; it stays open and in place while its card changes, and is then loaded again. */
  #more(incident) {
    const known = this.opened.get(incident.id);
    if (known) {
      this.#load(incident, known);
      return known;
    }
    const details = el('details', { className: 'more' }, el('summary', {}, 'Timeline and notes'), el('div'));
    details.addEventListener('toggle', () => {
      if (!details.open) this.opened.delete(incident.id);
      else if (!this.opened.has(incident.id)) {
        this.opened.set(incident.id, details);
        this.#load(incident, details);
      }
    });
    return details;
  }

  async #load(incident, details) {
    const found = await load(`/incidents/${encodeURIComponent(incident.id)}`).catch(() => null);
    const place = details.lastChild;
    if (found === null) setText(place, 'It could not be loaded: close it, and open it again.');
    else if (place.querySelector('form')) place.querySelector('div').replaceChildren(...contentOf(found));
    else place.replaceChildren(el('div', {}, ...contentOf(found)), ...(this.mayAct ? [this.#noteForm(incident, details)] : []));
  }

  #noteForm(incident, details) {
    const input = el('input', { name: 'note', required: true, maxLength: 1000, placeholder: 'What was found, what was done', 'aria-label': 'Note' });
    const form = el('form', { className: 'note' }, input, el('button', { type: 'submit' }, 'Add note'));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const isDone = await this.onAct(incident, 'note', { text: input.value.trim() });
      if (isDone) form.reset();
      this.#load(incident, details);
    });
    return form;
  }
}

const firingText = ({ firing, alerts }) => `${firing < alerts ? `${count(firing)} of ` : ''}${plural(alerts, 'alert')} ${firing === 1 ? 'fires' : 'fire'}`;

function contentOf({ id, timeline, members, more_alerts: dropped, links }) {
  const more = members.length - MOST_MEMBERS + dropped;
  const alerts = members.slice(0, MOST_MEMBERS).map((member) => el('li', {}, `${nameOf(member)}${member.annotations.summary ? `: ${member.annotations.summary}` : ''}, `, member.ended_at ? `until ${when(new Date(member.ended_at))}` : 'fires'));
  return [
    el('ol', { className: 'timeline', 'aria-label': 'Timeline' }, ...timeline.map(entry)),
    el('ul', { className: 'timeline', 'aria-label': 'Alerts' }, ...alerts, ...(more > 0 ? [el('li', {}, `and ${plural(more, 'more alert')}`)] : [])),
    el('p', { className: 'buttons' }, ...LINKS.map(([name, text]) => el('a', { href: `.${links[name]}` }, text)), el('a', { href: `./incidents/${encodeURIComponent(id)}?format=markdown` }, 'Report (Markdown)')),
  ];
}

/** An entry of a timeline. */
const entry = ({ at, step, labels, who, text, until }) => el('li', {}, moment(at), ' ', [step, nameOf({ labels }), who ? `by ${who}` : '', text ?? '', until ? `until ${when(new Date(until))}` : ''].filter(Boolean).join(' '));
