// Cards: alerts that fire, objectives and silences, each with what can be done about it.

import { sinceText } from '../bell.js';
import { el, icon } from '../dom.js';
import { nameOf, runbookOf, severityState } from '../firing.js';
import { count, decimal, percent, utc, when } from '../format.js';
import { labelsText, matcherText } from './states.js';

/** A button that runs `act`; it is disabled meanwhile. */
export function action(text, name, act) {
  const button = el('button', { type: 'button', name }, text);
  button.addEventListener('click', async () => {
    button.disabled = true;
    await act();
    button.disabled = false;
  });
  return button;
}

/** A card with a state, a title, lines of text, and further elements. */
export function card(state, title, texts, ...rest) {
  const lines = texts.filter(Boolean).map((text) => (text instanceof Node ? text : el('p', { className: 'soft' }, text)));
  return el('li', { className: 'card' }, el('p', { className: 'state name', 'data-state': state }, icon(state), ...[title].flat()), ...lines, ...rest.filter(Boolean));
}

/** A moment, with UTC as its tooltip. */
export const moment = (text, about) => el('time', { dateTime: text, title: utc(new Date(text)) }, about ?? when(new Date(text)));

/** Since when something holds; `again` brings its length up to date. */
export const since = (text) => el('time', { dateTime: text, title: utc(new Date(text)), className: 'soft', 'data-since': Date.parse(text) }, sinceText(Date.parse(text)));

/** Bring the lengths of `since` up to date. */
export function again() {
  for (const each of document.querySelectorAll('#board [data-since]')) each.textContent = sinceText(Number(each.dataset.since));
}

/** What is done about an incident: who has it, until when it is quiet. */
export const handling = ({ acknowledged_by: by, acknowledged_at: at, snoozed_until: until, silenced_by: silence, escalated_to: escalated }) => [
  at ? `acknowledged${by ? ` by ${by}` : ''} at ${when(new Date(at))}` : '',
  until ? `snoozed until ${when(new Date(until))}` : '',
  silence ? 'silenced' : '',
  escalated?.length ? `escalated to ${escalated.join(', ')}` : '',
].filter(Boolean).join(' · ');

/** An alert that fires, with its incident (or null). */
export function alertCard(alert, incident, { onSilence, onAct, onRule }) {
  const link = el('a', { href: `#${encodeURIComponent(alert.group)}/${encodeURIComponent(alert.rule)}` }, 'Rule');
  link.addEventListener('click', (event) => {
    event.preventDefault();
    onRule(alert);
  });
  const { summary, description } = alert.annotations;
  const texts = [
    summary ? el('p', {}, summary) : '',
    summary === description ? '' : description,
    [labelsText(alert.labels), alert.value === null ? '' : `value ${decimal(alert.value)}`].filter(Boolean).join(' · '),
    incident && handling(incident),
  ];
  const runbook = runbookOf(alert);
  const { service } = alert.labels;
  const buttons = el(
    'p',
    { className: 'buttons' },
    onAct && incident && !incident.acknowledged_at ? action('Acknowledge', 'acknowledge', () => onAct(incident, 'acknowledge', {})) : '',
    onSilence && !incident?.silenced_by ? action('Silence for 1 hour', 'silence', () => onSilence(alert)) : '',
    runbook ? el('a', { href: runbook, rel: 'noreferrer', className: 'runbook' }, 'Runbook') : '',
    service ? el('a', { href: `./?service=${encodeURIComponent(service)}` }, 'Charts') : '',
    link,
  );
  return card(severityState(alert.labels), [el('span', {}, nameOf(alert)), ' ', since(alert.fired_at)], texts, buttons);
}

/** An objective and its error budget. */
export function sloCard(slo) {
  const { budget, burn } = slo;
  const state = slo.alerts.length ? 'bad' : budget === null ? 'idle' : budget.remaining <= 0 ? 'warn' : 'good';
  const bar = el('span', { className: 'fill', 'data-state': state });
  bar.style.width = `${budget ? Math.max(0, Math.min(1, budget.remaining)) * 100 : 0}%`;
  const rates = burn.filter(({ rate }) => rate !== null).map(({ window, rate, limit }) => `${decimal(rate)}× over ${window}${rate > limit ? ' (too fast)' : ''}`);
  const left = budget === null ? 'no requests yet' : budget.remaining < 0 ? `the error budget is spent ${decimal(budget.spent)} times` : `${percent(budget.remaining * 100, 1)} of the error budget left`;
  return card(
    state,
    [el('span', {}, slo.id), ' ', el('span', { className: 'soft' }, `${slo.objective}% within ${slo.window}`)],
    [slo.description, slo.error ?? [slo.good_percent === null ? '' : `${percent(slo.good_percent, 2)} good of ${count(slo.total)}`, left].filter(Boolean).join(' · '), rates.length ? `burns ${rates.join(', ')}` : ''],
    el('span', { className: 'track', role: 'meter', 'aria-label': left, 'aria-valuemin': 0, 'aria-valuemax': 1, 'aria-valuenow': budget ? Math.max(0, budget.remaining) : 0 }, bar),
  );
}

/** A silence. */
export function silenceCard(silence, onEnd) {
  const texts = [[silence.comment, silence.createdBy ? `by ${silence.createdBy}` : ''].filter(Boolean).join(' · '), `${silence.state}${silence.endsAt ? `, until ${when(new Date(silence.endsAt))}` : ''}${silence.recurring?.length ? ', recurring' : ''}`];
  return card(silence.state === 'active' ? 'warn' : 'idle', silence.matchers.map(matcherText).join(' '), texts, onEnd && silence.state !== 'expired' ? el('p', { className: 'buttons' }, action('End', 'end', () => onEnd(silence))) : null);
}
