// Loads the summary of the range in view, and of the range that it is compared with; keeps both up to date.

import { ask, iso } from './api.js';
import { comparedWith } from './compare.js';
import { now as clock } from './servertime.js';
import { advance, parsed } from './summary.js';

const PATIENCE = 10; // seconds after which a load without an answer is aborted
const RETRY = 2; // seconds
const ENDPOINTS = 20;
const MANY = 200; // services, whose summary takes the service a tenth of a second: more are loaded less often
const NONE = new Map();

export class Summaries {
  /** `onLoad` is called when a summary was loaded, or could not be. */
  constructor(view, choice, onLoad) {
    Object.assign(this, { view, choice, onLoad, loaded: null, failed: false, loading: null, startedAt: 0, loadedAt: 0, isDue: false });
  }

  /** Load everything of the view; `isOther`: what is shown is of another service, and no longer true. */
  async load(isOther = false) {
    this.loading?.abort();
    const loading = (this.loading = new AbortController());
    this.startedAt = clock();
    if (isOther) this.loaded = null;
    try {
      await this.choice.choose(clock(), loading.signal);
      if (loading.signal.aborted) return;
      const range = this.choice.at(clock());
      const other = comparedWith(this.view.compare, range);
      const [now, then] = await Promise.all([this.#ask(range, loading.signal), other && this.#ask(other, loading.signal)]);
      if (loading.signal.aborted) return;
      this.loaded = { range, other, now, then };
      this.failed = false;
      this.loadedAt = clock();
      if (!range.isLive || clock() < now.to) advance(now, clock(), NONE, false);
    } catch {
      if (loading.signal.aborted) return;
      this.failed = true;
    } finally {
      if (this.loading === loading) this.loading = null;
    }
    this.onLoad();
  }

  /** Load again with the next update, and not only when that is due. */
  loadSoon() {
    this.isDue = true;
  }

  /** Count the increases by service up to `now` (seconds), and load again where that is due. */
  advance(now, rises) {
    const isLoading = this.loading !== null && now - this.startedAt < PATIENCE;
    if (this.loaded !== null) {
      const { range } = this.loaded;
      advance(this.loaded.now, now, rises, range.isLive);
      if (range.isLive) Object.assign(this.loaded, this.#moved(now));
      const total = this.loaded.now.figures;
      if (this.choice.isOutdated(now, rises.size > 0, total.requests === 0 && total.events === 0)) {
        this.choice.again();
        this.isDue = true;
      }
    }
    const wait = this.failed || this.loaded === null ? RETRY : this.loaded.range.again * Math.max(1, Object.keys(this.loaded.now.services).length / MANY);
    if (!isLoading && (this.isDue || now - this.startedAt > wait)) {
      this.isDue = false;
      this.load();
    }
  }

  /** The range as it moved on, and the one it is compared with. */
  #moved(now) {
    const { range: before, other } = this.loaded;
    const range = this.choice.at(now);
    return range.name === before.name ? { range, other: other && comparedWith(this.view.compare, range) } : {};
  }

  async #ask({ from, to, step }, signal) {
    return parsed(await ask('/summary', { from: iso(from), to: iso(to), step, service: this.view.service, endpoints: ENDPOINTS }, signal));
  }
}
