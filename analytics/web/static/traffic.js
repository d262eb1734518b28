// Traffic charts: requests and errors, latency, and users over the range, beside those of the range it is compared with.

import { flowCaption, latencyCaption, usersCaption } from './captions.js';
import { Chart } from './chart.js';
import { Group } from './chartgroup.js';
import { places } from './compare.js';
import { byId, el, setText } from './dom.js';
import { count, moment, ms, rate } from './format.js';
import { linksOfTime } from './joins.js';
import { snapped } from './range.js';
import { rates } from './summary.js';

const MINUTE = 60;
const CAPTIONS = [flowCaption, latencyCaption, usersCaption];

export class Traffic {
  /** `bar` is told which range is chosen in a chart. */
  constructor(bar, view) {
    Object.assign(this, { view, loaded: null });
    this.group = new Group((zoom) => {
      if (zoom === null) bar.leave();
      else if (this.loaded) {
        const { from, to } = snapped(...zoom, this.loaded.now.step);
        bar.choose(from, to);
      }
    });
    this.group.onPick.push(() => this.#join());
    const parent = byId('charts');
    this.charts = [
      new Chart(parent, this.group, 'Requests and errors', [
        { label: 'requests', color: 'accent', format: rate, kind: 'rate', fill: true },
        { label: 'errors', color: 'bad', format: rate, kind: 'rate', scale: 'errors', room: 2.5, fill: true },
        { label: 'before', of: 'requests', isOther: true, color: 'ink', format: rate, kind: 'rate', dash: [6, 3] },
      ]),
      new Chart(parent, this.group, 'Latency', [
        { label: 'p50', color: 'accent', format: ms, kind: 'ms' },
        { label: 'p95', color: 'ink', format: ms, kind: 'ms', dash: [6, 3] },
        { label: 'p99', color: 'soft', format: ms, kind: 'ms', dash: [2, 3] },
        { label: 'before', of: 'p95', isOther: true, color: 'mark', format: ms, kind: 'ms', dash: [1, 3] },
      ]),
      new Chart(parent, this.group, 'Active users', [
        { label: 'users', color: 'accent', format: count, fill: true },
        { label: 'before', of: 'users', isOther: true, color: 'ink', format: count, dash: [6, 3] },
      ]),
    ];
  }

  /** Show what is loaded; `ever` tells which figures were ever sent. */
  show(loaded, ever, failed, now) {
    this.loaded = loaded;
    if (document.hidden) return;
    if (loaded === null) {
      for (const chart of this.charts) {
        if (chart.window) chart.show([[], ...chart.series.map(() => [])], chart.step, chart.window, '');
        setText(chart.summary, failed ? 'Could not be loaded; trying again.' : 'Loading…');
      }
      return;
    }
    const { now: found, other } = loaded;
    const window = found.isKept ? [found.from, found.to] : [loaded.range.from, loaded.range.to];
    this.#columns(loaded, now).forEach((columns, index) => {
      this.charts[index].nameOther(other?.words ?? '');
      this.charts[index].show(columns, found.step, window, ...CAPTIONS[index](loaded, ever, now));
    });
    setText(byId('traffic-about'), loaded.range.words);
    this.#join();
  }

  /** Link to the traces and lines of the range, and of the moment that was chosen in it. */
  #join() {
    if (!this.loaded) return;
    const { now: { step }, range } = this.loaded;
    const { group: { picked }, view: { service } } = this;
    const times = [[range.words, Math.floor(range.from / MINUTE) * MINUTE, Math.ceil(range.to / MINUTE) * MINUTE]]; // so that they do not change all the time
    if (picked !== null && picked >= range.from && picked < range.to) times.push([moment(new Date(picked * 1000), step), picked, picked + step]);
    const place = byId('traffic-records');
    const key = JSON.stringify([service, times]);
    if (key === this.joined || place.matches(':focus-within, :hover')) return;
    this.joined = key;
    place.replaceChildren(...times.map(([words, from, to]) => el('li', {}, `${words[0].toUpperCase()}${words.slice(1)}: `, ...linksOfTime(service, from, to))));
  }

  /** Times and values of each chart. */
  #columns({ now: found, other, then }, now) {
    const { points, step } = found;
    const times = points.map(({ at }) => at);
    const { requests, errors } = rates(found, now);
    const at = then && other ? places(times, then, other.shift) : times.map(() => -1);
    const before = then ? rates(then, now).requests : [];
    const beside = (value) => at.map((place) => (place < 0 ? null : value(place)));
    const users = points.map((point) => point.unique_users);
    if (users.length > 1 && now < points.at(-1).at + step && users.at(-1) < users.at(-2)) users[users.length - 1] = null; // it fills: it would look like a fall
    return [
      [times, requests, errors, beside((place) => before[place])],
      [times, ...['p50', 'p95', 'p99'].map((name) => points.map((point) => point[`${name}_latency_ms`])), beside((place) => then.points[place].p95_latency_ms)],
      [times, users, beside((place) => (then.step === step ? then.points[place].unique_users : null))],
    ];
  }
}
