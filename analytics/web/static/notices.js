// Notices of the browser about alerts, once the reader has switched them on.

import { ask } from './api.js';
import { NOTICES, keep, recall } from './kept.js';
import { begun, mutedOf, noticesOf, topicsOf } from './news.js';

const UNSAFE = 'The browser allows notices on https only, or on the machine of the service.';
const DENIED = 'The browser does not allow notices of this page: allow them in its settings of the site.';
const UNABLE = 'This browser cannot show notices of a page.';

export class Notices {
  /** `incidents` loads those that are not resolved; one that is silenced or acknowledged raises no notice. */
  constructor(incidents) {
    Object.assign(this, { incidents, known: null, told: new Map() });
  }

  /** Whether they are switched on, and the browser allows them. */
  get isOn() {
    return recall(NOTICES) === 'on' && globalThis.Notification?.permission === 'granted';
  }

  /** Switch them on or off; returns why that cannot be, or an empty text. */
  async choose(isOn) {
    keep(NOTICES, 'off');
    if (!isOn) return '';
    if (!globalThis.Notification) return globalThis.isSecureContext ? UNABLE : UNSAFE;
    if (await Notification.requestPermission() !== 'granted') return DENIED;
    if (!show({ tag: 'test', title: 'Analytics', body: 'Alerts are shown like this.' })) return UNABLE;
    keep(NOTICES, 'on');
    return '';
  }

  /** Tell what began to fire, and what that was told is over; what fires at first is on the page. */
  async tell(firing) {
    const topics = topicsOf(firing);
    const before = this.known;
    this.known = topics;
    if (before === null || !this.isOn) return;
    for (const [topic, name] of this.told) {
      if (topics.has(topic)) continue;
      this.told.delete(topic);
      show({ tag: topic, title: `Over: ${name}`, body: '' });
    }
    if (begun(before, topics).length === 0) return;
    const found = await this.incidents().catch(() => null);
    for (const { tag, name, body } of noticesOf(begun(before, topics, mutedOf(found?.incidents ?? [])))) {
      show({ tag, title: `🔔 ${name}`, body });
      if (topics.has(tag)) this.told.set(tag, name);
    }
  }
}

/** Those of this page. */
export const notices = new Notices(() => ask('/incidents', { state: 'unresolved', limit: 1000 }));

/** Show a notice; one with the same tag is replaced, also that of another tab. Returns whether the browser could. */
function show({ tag, title, body }) {
  try {
    const notice = new Notification(title, { body, tag, icon: 'assets/icon-alert.svg' });
    notice.addEventListener('click', () => {
      focus();
      notice.close();
      if (!location.pathname.endsWith('/alerting')) location.assign('alerting');
    });
    return true;
  } catch {
    return false; // some browsers leave it to service workers
  }
}
