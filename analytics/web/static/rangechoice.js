// The range in view: the one in the address, else the shortest with data.

import { ask, iso } from './api.js';
import { shortestWithData } from './autorange.js';
import { custom, preset } from './range.js';

const CHOOSE_AGAIN = 10; // seconds
const EMPTY_AGAIN = 60;

export class RangeChoice {
  constructor(view) {
    Object.assign(this, { view, first: '1h', chosen: '1h', chosenFor: null, chosenAt: 0 });
  }

  /** Whether the address names a range. */
  get isNamed() {
    return Boolean(this.view.range || this.view.from);
  }

  /** Whether the page chose a longer range, because nothing newer was recorded. */
  get isFallback() {
    return !this.isNamed && this.chosen !== this.first;
  }

  /** The range as of `now`. */
  at(now) {
    const { from, to, range } = this.view;
    return from ? custom(Number(from), Number(to), now) : preset(range || this.chosen, now);
  }

  /** Begin with the preset `first` where the address names no range. */
  startWith(first) {
    this.first = first;
    this.chosenFor = null;
  }

  /** Choose anew with the next load: other data may be there. */
  again() {
    this.chosenFor = null;
  }

  /** Whether newer data has come since a longer range was chosen, or the chosen one is empty by now. */
  isOutdated(now, hasNew, isEmpty) {
    const passed = now - this.chosenAt;
    return !this.isNamed && ((passed > CHOOSE_AGAIN && this.isFallback && hasNew) || (passed > EMPTY_AGAIN && isEmpty));
  }

  /** Where the address names no range, choose the shortest that has data. */
  async choose(now, signal) {
    const { service } = this.view;
    const key = `${this.first}/${service}`;
    if (this.isNamed || this.chosenFor === key) return;
    const chosen = await shortestWithData(this.first, now, async ({ name, agg, from, to, step }) => {
      const { points } = await ask('/series', { name, agg, service, from: iso(from), to: iso(to), step }, signal);
      return points.map(({ value }) => value);
    });
    if (!signal.aborted) Object.assign(this, { chosen, chosenFor: key, chosenAt: now });
  }
}
