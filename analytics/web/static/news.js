// What is new about alerts, as notices of the browser tell it. Pure.

import { nameOf } from './firing.js';
import { plural } from './format.js';

const MOST = 3;
const NAMED = 5;

/** What an alert is told with: its incident, or the alert itself. */
export const topicOf = (alert) => alert.incident ?? JSON.stringify(alert.labels);

/** The topics of alerts, each with its first alert and how many there are. */
export function topicsOf(firing) {
  const found = new Map();
  for (const alert of firing) {
    const topic = found.get(topicOf(alert)) ?? { alert, count: 0 };
    topic.count += 1;
    found.set(topicOf(alert), topic);
  }
  return found;
}

/** Topics of `after` that were not there `before`, without those in `muted`. */
export const begun = (before, after, muted = new Set()) => [...after].filter(([topic]) => !before.has(topic) && !muted.has(topic));

/** Incidents that send no notifications: silenced, snoozed or acknowledged. */
export const mutedOf = (incidents) => new Set(incidents.filter((each) => each.silenced_by || each.snoozed_until || each.acknowledged_at).map(({ id }) => id));

/** The notices for topics that began: `{tag, name, body}`; many are told in one, whose tag is `many`. */
export function noticesOf(topics) {
  if (topics.length <= MOST) {
    return topics.map(([tag, { alert, count }]) => ({ tag, name: nameOf(alert), body: [alert.annotations.summary, count > 1 ? plural(count, 'alert') : ''].filter(Boolean).join(' · ') }));
  }
  const total = topics.reduce((sum, [, { count }]) => sum + count, 0);
  const names = topics.slice(0, NAMED).map(([, { alert }]) => nameOf(alert));
  return [{ tag: 'many', name: `${plural(total, 'alert')} fire`, body: names.join(', ') + (topics.length > NAMED ? ' …' : '') }];
}
