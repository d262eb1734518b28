// Alerts: what fires now, incidents, rules with an editor, objectives and silences.

import { Access } from '../access.js';
import { isFiring, ring } from '../bell.js';
import { byId, set, setState, setText } from '../dom.js';
import { count, plural } from '../format.js';
import { startSwitches } from '../switches.js';
import { zone } from '../zone.js';
import { alertCard, incidentCard, silenceCard, sloCard, timelineOf } from './cards.js';
import { Editor } from './editor.js';
import { Rules } from './rules.js';
import { load, said, send } from './sources.js';
import { matchersOf } from './states.js';

const AGAIN_MS = 5_000;
const MOST_CARDS = 50;
const SILENCE = '1h';

const access = new Access(start);
const editor = new Editor(refresh);
const rules = new Rules((group, rule, place) => openRule(group, rule, place));
const missing = new Set(); // routes that the service does not have

function openRule(group, rule, place) {
  history.replaceState(null, '', `#${encodeURIComponent(group.group)}/${encodeURIComponent(rule.rule)}`);
  editor.open(group.group, rule.body, place, access.mayConfigure);
}

async function optional(path, asked) {
  if (missing.has(path)) return null;
  const found = await load(path, asked);
  if (found === null) missing.add(path);
  return found;
}

/** Load everything, and show it. */
async function refresh() {
  try {
    const [alerts, groups] = await Promise.all([load('/alerts'), load('/rules')]);
    const [incidents, silences, slos] = await Promise.all([optional('/incidents', { limit: MOST_CARDS }), optional('/silences'), optional('/slos')]);
    showAlerts(alerts.alerts, silences !== null);
    rules.show(groups.groups);
    showIncidents(incidents);
    showSilences(silences);
    showCards('slos', slos?.slos, sloCard, slos ? plural(slos.count, 'objective') : '');
    tell('');
  } catch (error) {
    tell(said(error));
  }
}

function showAlerts(alerts, mayBeSilenced) {
  const firing = alerts.filter(isFiring);
  const pending = alerts.filter(({ state }) => state === 'pending').length;
  ring(firing.length);
  const others = pending ? `, ${plural(pending, 'alert')} pending` : '';
  if (firing.length) setState(byId('verdict'), 'bad', `${plural(firing.length, 'alert')} ${firing.length === 1 ? 'fires' : 'fire'} now${others}.`);
  else setState(byId('verdict'), 'good', `No alert fires${others}.`);
  const onSilence = mayBeSilenced && access.mayEdit ? silenceAlert : null;
  const onRule = ({ group, rule }) => {
    const found = rules.find(group, rule);
    if (found) openRule(found.group, found.rule, found.place);
  };
  fill('firing', firing, (alert) => alertCard(alert, { onSilence, onRule }));
}

function showIncidents(found) {
  const open = found?.incidents.filter(({ resolved_at: at }) => at === null).length ?? 0;
  showCards('incidents', found?.incidents, (incident) => incidentCard(incident, { onAct: access.mayEdit ? act : null, onDetails: toggleTimeline }), found ? `${count(open)} open, ${count(found.count - open)} over` : '');
}

function showSilences(found) {
  const current = found?.silences.filter(({ state }) => state !== 'expired');
  fill('silences-list', current ?? [], (silence) => silenceCard(silence, access.mayEdit ? endSilence : null));
  setText(byId('silences-count'), current?.length ? count(current.length) : '');
  set(byId('silences'), 'hidden', !found);
  set(byId('silence'), 'hidden', !access.mayEdit);
}

/** Show the cards of a section, which is hidden without any. */
function showCards(name, items, card, about) {
  set(byId(name), 'hidden', !items?.length);
  setText(byId(`${name}-count`), about);
  fill(`${name}-list`, items ?? [], card);
}

/** Replace the cards of a list, unless they are the same or somebody is reading them. */
function fill(id, items, card) {
  const list = byId(id);
  const key = JSON.stringify(items);
  if (list.key === key || (list.key !== undefined && list.matches(':focus-within') && items.length)) return;
  list.key = key;
  list.replaceChildren(...items.slice(0, MOST_CARDS).map(card));
}

async function act(incident, action, body) {
  await attempt(() => send('POST', `/incidents/${encodeURIComponent(incident.id)}/${action}`, body));
}

async function toggleTimeline(incident, place) {
  if (place.hidden) {
    const details = await load(`/incidents/${encodeURIComponent(incident.id)}`).catch(() => null);
    place.replaceChildren(...(details ? timelineOf(details) : []));
  }
  set(place, 'hidden', !place.hidden);
}

async function silenceAlert({ labels }) {
  const matchers = Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
  await attempt(() => send('POST', '/silences', { matchers, duration: SILENCE, comment: 'from the page' }));
}

async function endSilence({ id }) {
  await attempt(() => send('DELETE', `/silences/${encodeURIComponent(id)}`));
}

async function attempt(change) {
  try {
    await change();
    document.activeElement?.blur();
    await refresh();
  } catch (error) {
    tell(said(error));
  }
}

function tell(problem) {
  const note = byId('problem');
  set(note, 'hidden', !problem);
  if (problem) setState(note, 'bad', problem);
}

byId('silence').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { matchers: text, duration, comment } = event.target.elements;
  const matchers = matchersOf(text.value);
  setText(byId('silence-problem'), matchers ? '' : 'Write labels as name=value, with spaces between them.');
  if (!matchers) return;
  try {
    await send('POST', '/silences', { matchers, duration: duration.value, comment: comment.value.trim() });
    event.target.reset();
    await refresh();
  } catch (error) {
    setText(byId('silence-problem'), said(error));
  }
});
byId('rule-new').addEventListener('click', () => editor.open('', {}, null, true));

/** Begin to read, because this page may. */
async function start() {
  set(byId('rule-new'), 'hidden', !access.mayConfigure);
  await refresh();
  const [group, rule] = location.hash.slice(1).split('/').map(decodeURIComponent);
  const found = rule ? rules.find(group, rule) : undefined;
  if (found) openRule(found.group, found.rule, found.place);
  setInterval(() => document.hidden || refresh(), AGAIN_MS);
}

zone.addEventListener('change', refresh);
startSwitches();
access.start();
