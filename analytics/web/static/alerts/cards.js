// Cards: alerts that fire, incidents, objectives and silences, each with what can be done about it.

import { isFiring, nameOf } from '../bell.js';
import { el, icon } from '../dom.js';
import { ago, count, decimal, percent, plural, span, utc, when } from '../format.js';
import { nowMs } from '../servertime.js';
import { labelsText, matcherText, severityState } from './states.js';


/** A button that runs `act`; it is disabled meanwhile. */
export function action(text, act) {
  const button = el('button', { type: 'button' }, text);
  button.addEventListener('click', async () => {
    button.disabled = true;
    await act();
    button.disabled = false;
  });
  return button;
}

function card(state, title, texts, ...rest) {
  const lines = texts.filter(Boolean).map((text) => el('p', { className: 'soft' }, text));
  return el('li', { className: 'card' }, el('p', { className: 'state name', 'data-state': state }, icon(state), ...[title].flat()), ...lines, ...rest.filter(Boolean));
}

const moment = (text, about) => el('time', { dateTime: text, title: utc(new Date(text)) }, about ?? when(new Date(text)));
const since = (text) => ago((nowMs() - Date.parse(text)) / 1000, span);

/** An alert that fires. */
export function alertCard(alert, { onSilence, onRule }) {
  const link = el('a', { href: `#${encodeURIComponent(alert.group)}/${encodeURIComponent(alert.rule)}` }, nameOf(alert));
  link.addEventListener('click', (event) => {
    event.preventDefault();
    onRule(alert);
  });
  const { summary, description, runbook_url: runbook } = alert.annotations;
  const texts = [summary, summary === description ? '' : description, [labelsText(alert.labels), alert.value === null ? '' : `value ${decimal(alert.value)}`].filter(Boolean).join(' · ')];
  const book = runbook && /^https?:\/\//i.test(runbook) ? el('a', { href: runbook, rel: 'noreferrer' }, 'Runbook') : null;
  const buttons = el('p', { className: 'buttons' }, onSilence ? action('Silence', () => onSilence(alert)) : '', book ?? '');
  return card(severityState(alert.labels), [link, ' ', el('span', { className: 'soft' }, isFiring(alert) ? 'since ' : '', moment(alert.fired_at))], texts, buttons);
}

/** An incident. */
export function incidentCard(incident, { onAct, onDetails }) {
  const isOver = incident.resolved_at !== null;
  const about = [
    `${plural(incident.firing, 'alert')} firing of ${count(incident.alerts)}`,
    incident.services.length ? incident.services.join(', ') : '',
    incident.acknowledged_by ? `acknowledged by ${incident.acknowledged_by}` : '',
    incident.snoozed_until ? `snoozed until ${when(new Date(incident.snoozed_until))}` : '',
    incident.silenced_by ? 'silenced' : '',
    isOver ? `over after ${span(incident.duration_seconds)}` : '',
  ];
  const acts = onAct && !isOver ? [
    incident.acknowledged_at ? '' : action('Acknowledge', () => onAct(incident, 'acknowledge', {})),
    action('Snooze for 1 hour', () => onAct(incident, 'snooze', { duration: '1h' })),
  ] : [];
  const place = el('ol', { className: 'timeline', hidden: true });
  const state = isOver ? 'good' : incident.acknowledged_at ? 'warn' : 'bad';
  const title = [el('span', {}, incident.title), ' ', el('span', { className: 'soft' }, moment(incident.started_at, `began ${when(new Date(incident.started_at))}, ${since(incident.started_at)}`))];
  return card(state, title, [about.filter(Boolean).join(' · ')], el('p', { className: 'buttons' }, ...acts, action('Timeline', () => onDetails(incident, place))), place);
}

/** The entries of an incident's timeline. */
export const timelineOf = (details) => details.timeline.map(({ at, step, labels, who, text, until }) => el('li', {}, moment(at), ' ', [step, nameOf({ labels }), who ? `by ${who}` : '', text ?? '', until ? `until ${when(new Date(until))}` : ''].filter(Boolean).join(' ')));

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
  return card(silence.state === 'active' ? 'warn' : 'idle', silence.matchers.map(matcherText).join(' '), texts, onEnd && silence.state !== 'expired' ? el('p', { className: 'buttons' }, action('End', () => onEnd(silence))) : null);
}

