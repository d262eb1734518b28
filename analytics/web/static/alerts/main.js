// Alerts: what fires now, incidents, rules with an editor, objectives and silences.

import { Access } from '../access.js';
import { ring } from '../bell.js';
import { byId, set, setState, setText } from '../dom.js';
import { isFiring, worstFirst } from '../firing.js';
import { count, plural } from '../format.js';
import { startSwitches } from '../switches.js';
import { zone } from '../zone.js';
import { again, alertCard, silenceCard, sloCard } from './cards.js';
import { Editor } from './editor.js';
import { Incidents } from './incidents.js';
import { showList } from './list.js';
import { startNotices } from './noticeswitch.js';
import { receiverCard } from './receivers.js';
import { Rules } from './rules.js';
import { load, said, send } from './sources.js';
import { matchersOf } from './states.js';

const AGAIN_MS = 5_000;
const TOLD_MS = 15_000;
const MOST_CARDS = 50;
const SILENCE = '1h';

const access = new Access(start);
const editor = new Editor(refresh);
const rules = new Rules(openRule);
const incidents = new Incidents(act);
const missing = new Set(); // routes that the service does not have
let isBusy = false;
let shown = { incidents: [], hasSilences: true };
let problemUntil = 0; // what could not be changed is told for a while
const idOf = ({ id }) => id;

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

/** Load everything, and show it; in the background only ring for alerts. */
async function refresh() {
  isBusy = true;
  try {
    const { alerts } = await load('/alerts');
    const firing = alerts.filter(isFiring).sort(worstFirst);
    ring(firing);
    if (document.hidden) return;
    showAlerts(firing, alerts); // at once: the rest takes longer
    const [{ groups }, found, silences, slos, receivers] = await Promise.all([load('/rules'), optional('/incidents', { limit: MOST_CARDS }), optional('/silences'), optional('/slos'), optional('/receivers')]);
    shown = { incidents: found?.incidents ?? [], hasSilences: silences !== null };
    showAlerts(firing, alerts);
    rules.show(groups);
    incidents.show(found, access.mayEdit);
    showSilences(silences);
    set(byId('slos'), 'hidden', !slos?.slos.length);
    setText(byId('slos-count'), slos ? plural(slos.count, 'objective') : '');
    showList(byId('slos-list'), (slos?.slos ?? []).slice(0, MOST_CARDS), idOf, sloCard);
    showReceivers(receivers?.receivers);
    again();
    if (Date.now() > problemUntil) tell('');
  } catch (error) {
    tell(said(error));
  } finally {
    isBusy = false;
  }
}

function showAlerts(firing, alerts) {
  const pending = alerts.filter(({ state }) => state === 'pending').length;
  const others = pending ? `, ${plural(pending, 'alert')} pending` : '';
  if (firing.length) setState(byId('verdict'), 'bad', `${plural(firing.length, 'alert')} ${firing.length === 1 ? 'fires' : 'fire'} now${others}.`);
  else setState(byId('verdict'), 'good', `No alert fires${others}.`);
  const open = new Map(shown.incidents.map((incident) => [incident.id, { ...incident, duration_seconds: 0 }]));
  const onSilence = shown.hasSilences && access.mayEdit ? silenceAlert : null;
  const onAct = access.mayEdit ? act : null;
  const onRule = ({ group, rule }) => {
    const row = rules.find(group, rule);
    if (row) openRule(row.group, row.rule, row.place);
  };
  const items = firing.slice(0, MOST_CARDS).map((alert) => ({ alert, incident: open.get(alert.incident) ?? null }));
  showList(byId('firing'), items, ({ alert: { group, rule, labels } }) => JSON.stringify([group, rule, labels]), ({ alert, incident }) => alertCard(alert, incident, { onSilence, onAct, onRule }));
  set(byId('firing-more'), 'hidden', firing.length <= MOST_CARDS);
  setText(byId('firing-more'), `and ${plural(firing.length - MOST_CARDS, 'more alert')}: a route's group_by and silences help.`);
}

function showReceivers(receivers) {
  set(byId('receivers'), 'hidden', !receivers);
  setText(byId('receivers-count'), receivers?.length ? count(receivers.length) : '');
  set(byId('receivers-none'), 'hidden', !receivers || receivers.length > 0);
  showList(byId('receivers-list'), receivers ?? [], idOf, (receiver) => receiverCard(receiver, access.mayConfigure));
}

function showSilences(found) {
  const current = found?.silences.filter(({ state }) => state !== 'expired') ?? [];
  showList(byId('silences-list'), current.slice(0, MOST_CARDS), idOf, (silence) => silenceCard(silence, access.mayEdit ? endSilence : null));
  setText(byId('silences-count'), current.length ? count(current.length) : '');
  set(byId('silences'), 'hidden', !found);
  set(byId('silence'), 'hidden', !access.mayEdit);
}

function act(incident, action, body) {
  return attempt(() => send('POST', `/incidents/${encodeURIComponent(incident.id)}/${action}`, body));
}

async function silenceAlert({ labels }) {
  const matchers = Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
  await attempt(() => send('POST', '/silences', { matchers, duration: SILENCE, comment: 'from the page' }));
}

async function endSilence({ id }) {
  await attempt(() => send('DELETE', `/silences/${encodeURIComponent(id)}`));
}

/** Change something, and show what is now; returns whether it could be changed. */
async function attempt(change) {
  try {
    await change();
  } catch (error) {
    tell(said(error));
    problemUntil = Date.now() + TOLD_MS;
    return false;
  }
  await refresh();
  return true;
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
  setInterval(() => isBusy || refresh(), AGAIN_MS);
  document.addEventListener('visibilitychange', () => document.hidden || refresh());
}

zone.addEventListener('change', () => {
  for (const list of document.querySelectorAll('#board .cards')) list.replaceChildren();
  refresh();
});
byId('bell').setAttribute('aria-current', 'page');
startSwitches();
startNotices();
access.start();
