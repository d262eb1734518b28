// The bell: how many alerts fire, in the window's title, its icon, and a line on top of the page.

import { ask } from './api.js';
import { byId, el, set } from './dom.js';
import { plural, when } from './format.js';

const AGAIN_MS = 10_000;
const NAMED = 3;

let title = document.title;
let ringing = 0;

/** Set the window's title; a bell goes before it while alerts fire. */
export function setTitle(text) {
  title = text;
  set(document, 'title', ringing ? `🔔 ${ringing} · ${title}` : title);
}

/** Ring while `count` alerts fire. */
export function ring(count) {
  if (count === ringing) return;
  ringing = count;
  setTitle(title);
  document.querySelector('link[rel="icon"]').setAttribute('href', `assets/${count ? 'icon-alert' : 'icon'}.svg`);
}

/** Whether an alert fires now. */
export const isFiring = (alert) => alert.fired_at !== null && alert.ended_at === null;

/** A name for an alert: its own, and what it is about. */
export const nameOf = ({ labels }) => [labels.alertname, labels.service ?? labels.instance ?? labels.slo].filter(Boolean).join(' · ');

/** Watches for alerts that fire, and shows them on top of a page. */
export class Bell {
  constructor() {
    this.place = byId('alerts-now');
    this.key = '';
  }

  /** Look now, and again every few seconds. */
  start() {
    this.#look();
    setInterval(() => document.hidden || this.#look(), AGAIN_MS);
    document.addEventListener('visibilitychange', () => document.hidden || this.#look());
  }

  async #look() {
    const found = await ask('/alerts').catch(() => null); // the connection says that the service does not answer
    if (found) this.#show(found.alerts.filter(isFiring));
  }

  #show(firing) {
    ring(firing.length);
    const key = JSON.stringify(firing.map((alert) => [nameOf(alert), alert.fired_at]));
    if (key === this.key) return;
    this.key = key;
    set(this.place, 'hidden', firing.length === 0);
    const named = firing.slice(0, NAMED).map((alert) => `${nameOf(alert)} since ${when(new Date(alert.fired_at))}`);
    const more = firing.length > NAMED ? ` and ${firing.length - NAMED} more` : '';
    this.place.querySelector('span').replaceChildren(el('a', { href: 'alerting' }, plural(firing.length, 'alert'), firing.length === 1 ? ' fires' : ' fire'), `: ${named.join('; ')}${more}.`);
  }
}
