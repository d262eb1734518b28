// The bell: how many alerts fire, in the window's title, its icon, and the top of each page; news go to the notices.

import { ask } from './api.js';
import { byId, el, icon, set, setText } from './dom.js';
import { count, plural, span, utc, when } from './format.js';
import { isFiring, nameOf, runbookOf, severityState, worstFirst } from './firing.js';
import { NOTICES, recall } from './kept.js';
import { nowMs } from './servertime.js';

const AGAIN_MS = 10_000;
const NAMED = 3;
const MOST_COUNTED = 99;

let title = document.title;
let ringing = 0;
let latest = [];

/** Set the window's title; a bell goes before it while alerts fire. */
export function setTitle(text) {
  title = text;
  set(document, 'title', ringing ? `🔔 ${ringing} · ${title}` : title);
}

/** Tell the notices what fires, if they are on. */
export function notify() {
  if (recall(NOTICES) === 'on') import('./notices.js').then(({ notices }) => notices.tell(latest));
}

/** Ring while these alerts fire. */
export function ring(firing) {
  latest = firing;
  notify();
  if (firing.length === ringing) return;
  ringing = firing.length;
  setTitle(title);
  document.querySelector('link[rel="icon"]').setAttribute('href', `assets/${ringing ? 'icon-alert' : 'icon'}.svg`);
  set(byId('bell'), 'title', ringing ? `${plural(ringing, 'alert')} ${ringing === 1 ? 'fires' : 'fire'}` : 'Alerts');
  setText(byId('bell-count'), ringing > MOST_COUNTED ? `${MOST_COUNTED}+` : count(ringing));
  set(byId('bell-count'), 'hidden', ringing === 0);
}

/** Watches for alerts that fire, also while the page is in the background, and lists the worst on top of it. */
export class Bell {
  constructor() {
    this.place = byId('alerts-now');
  }

  /** Look now, and again every few seconds. */
  start() {
    this.#look();
    setInterval(() => this.#look(), AGAIN_MS);
    document.addEventListener('visibilitychange', () => document.hidden || this.#look());
  }

  async #look() {
    const found = await ask('/alerts').catch(() => null); // the connection says that the service does not answer
    if (!found) return;
    const firing = found.alerts.filter(isFiring).sort(worstFirst);
    ring(firing);
    if (this.place) this.#show(firing);
  }

  #show(firing) {
    set(this.place, 'hidden', firing.length === 0);
    const list = this.place.querySelector('ol');
    for (const each of list.querySelectorAll('[data-since]')) setText(each, sinceText(Number(each.dataset.since)));
    const key = JSON.stringify([firing.length, firing.slice(0, NAMED).map(({ labels, annotations, fired_at: at }) => [labels, annotations, at])]);
    if (key === this.key || list.matches(':focus-within')) return;
    this.key = key;
    const more = firing.length - NAMED;
    list.replaceChildren(...firing.slice(0, NAMED).map(line), ...(more > 0 ? [el('li', {}, el('a', { href: 'alerting' }, `and ${plural(more, 'more alert')}`))] : []));
  }
}

/** Since when, in words: "since 14:02, 12 min". */
export const sinceText = (at) => `since ${when(new Date(at))}, ${span((nowMs() - at) / 1000)}`;

function line(alert) {
  const at = Date.parse(alert.fired_at);
  const runbook = runbookOf(alert);
  const state = severityState(alert.labels);
  return el(
    'li',
    { className: 'state', 'data-state': state },
    icon(state),
    el('a', { href: 'alerting', className: 'name' }, nameOf(alert)),
    ' ',
    el('time', { dateTime: alert.fired_at, title: utc(new Date(at)), 'data-since': at }, sinceText(at)),
    alert.annotations.summary ? el('span', { className: 'said' }, `: ${alert.annotations.summary}`) : '',
    ...(runbook ? [' ', el('a', { href: runbook, rel: 'noreferrer' }, 'Runbook')] : []),
  );
}
