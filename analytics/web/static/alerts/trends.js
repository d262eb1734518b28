// The history of each rule in sight: a small line of its values, marked where it fired.

import { TaskQueue } from '../api.js';
import { el, setText } from '../dom.js';
import { nowMs } from '../servertime.js';
import { Spark } from '../spark.js';
import { trendOf } from './played.js';
import { send } from './sources.js';

export const TREND_HOURS = 3;
const AGAIN_MS = 60_000;
const LATER_MS = 1_000;

export class Trends {
  /** `isBusy` tells whether something more urgent is asked of the service. */
  constructor(isBusy) {
    this.isBusy = isBusy;
    this.known = new Map();
    this.queue = new TaskQueue(1);
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#seen(target.trend, isIntersecting);
    });
  }

  /** The element with the history of a rule, by a key that changes with the rule. */
  of(key, rule) {
    let trend = this.known.get(key);
    if (!trend) {
      const spark = new Spark(120, 20, true);
      const text = el('span', { className: 'hidden' });
      trend = { rule, spark, text, root: el('span', { className: 'trend' }, spark.root, text), loadedAt: 0, isVisible: false };
      trend.root.trend = trend;
      this.known.set(key, trend);
      this.observer.observe(trend.root);
    }
    return trend.root;
  }

  /** Load again what is in sight and old, and forget all but these keys. */
  refresh(keys) {
    for (const [key, trend] of this.known) {
      if (keys.has(key)) this.#load(trend);
      else {
        this.observer.unobserve(trend.root);
        this.known.delete(key);
      }
    }
  }

  #seen(trend, isVisible) {
    trend.isVisible = isVisible;
    this.#load(trend);
  }

  async #load(trend) {
    if (!trend.isVisible || Date.now() - trend.loadedAt < AGAIN_MS) return;
    trend.loadedAt = Date.now();
    await this.queue.run(async () => {
      while (this.isBusy()) await new Promise((resolve) => setTimeout(resolve, LATER_MS));
      const to = Math.floor(nowMs() / 60_000) * 60_000;
      const [from, until] = [to - TREND_HOURS * 3_600_000, to].map((at) => new Date(at).toISOString());
      const played = await send('POST', '/rules/test', { rule: trend.rule, from, to: until, interval: '1m' }).catch(() => null);
      const { values, marked, text } = played ? trendOf(played) : { values: [], marked: [], text: 'cannot be shown' };
      trend.spark.show(values, marked);
      setText(trend.text, text);
      trend.root.title = text;
    });
  }
}
