// Calculations and texts of the page, tested without a page: `node --test`.

import assert from 'node:assert/strict';
import test from 'node:test';
import { shortestWithData } from '../../analytics/web/static/autorange.js';
import { ticks } from '../../analytics/web/static/axis.js';
import { ago, between, briefly, briefPercent, clock, compact, count, day, decimal, moment, ms, percent, rate, short, shorten, shortly, span, stamp, utc, when } from '../../analytics/web/static/format.js';
import { errorRate, urgency } from '../../analytics/web/static/health.js';
import { Hour, MINUTES, Rises } from '../../analytics/web/static/minutes.js';
import { custom, preset, PRESETS, snapped } from '../../analytics/web/static/range.js';
import { rangeVerdict } from '../../analytics/web/static/rangeverdict.js';
import { flowCaption, latencyCaption, usersCaption } from '../../analytics/web/static/captions.js';
import { comparedWith, places, scaled } from '../../analytics/web/static/compare.js';
import { endpointsAbout, endpointsBefore } from '../../analytics/web/static/endpoints.js';
import { learn, nowMs } from '../../analytics/web/static/servertime.js';
import { advance, extremes, parsed, rates } from '../../analytics/web/static/summary.js';
import { read, withService, write } from '../../analytics/web/static/url.js';
import { aboutUsual, usualOf, wrongOf } from '../../analytics/web/static/unusual.js';
import { verdict } from '../../analytics/web/static/verdict.js';
import * as zone from '../../analytics/web/static/zone.js';
import { csv } from '../../analytics/web/static/explore/csv.js';
import * as question from '../../analytics/web/static/explore/question.js';
import { barsOf, tableOf } from '../../analytics/web/static/explore/tables.js';

const NOW = new Date(2026, 10, 25, 14, 30);
const row = (name, status = 'healthy', since = null) => ({ name, status, status_since: since, message: null, instances: [] });
const said = (rows, wrong = new Map(), most = undefined) => {
  const { lead, parts: named, more } = verdict(rows, wrong, NOW, most);
  return lead + named.map(({ service, text }) => `${service} ${text}`).join('; ') + (more ? ` and ${more} more` : '');
};
const since = new Date(2026, 10, 25, 14, 2).toISOString();
const failing = { share: 0.034, usual: 0.0006, errors: 30, seconds: 180, since: Math.floor(Date.parse(since) / 1000) };
const slow = { now: 212.4, usual: 41.3 };

test('the error rate is unknown without requests', () => {
  const some = [0, 1, 1e-9, 2.5, 1e17];
  for (const requests of some) {
    for (const errors of some) {
      for (const one of [{ request_count: requests, error_count: errors, error_rate: 100 }, { requests, errors, error_rate: 100 }]) {
        assert.equal(errorRate(one), requests ? 100 : null);
      }
    }
  }
  assert.equal(percent(errorRate({ request_count: 0, error_count: 3, error_rate: 100 })), '–');
});

test('the verdict on healthy services', () => {
  assert.equal(said([row('a'), row('b')]), 'All 2 services healthy.');
  assert.equal(said([row('a')]), 'The one service is healthy.');
  assert.equal(said([row('a'), row('b', 'unknown'), row('c', 'maintenance')]), '1 service healthy, 1 in maintenance, 1 without heartbeats; nothing unusual.');
  assert.equal(said([row('a', 'unknown')]), '1 service seen, without heartbeats yet; nothing unusual.');
  assert.equal(said([]), 'Waiting for the first event…');
});

test('a degraded service is shown with its errors and latency beside the usual', () => {
  const found = verdict([row('checkout', 'degraded', since), row('a')], new Map([['checkout', { failing, slow }]]), NOW);
  const text = 'is degraded since 14:02; 3.4% errors, usually 0.06%; latency 212 ms, usually 41.3 ms';
  assert.deepEqual(found, { troubled: 1, state: 'warn', lead: '', parts: [{ service: 'checkout', text }], more: 0 });
});

test('a healthy service with too many errors or high latency is shown', () => {
  assert.equal(said([row('a')], new Map([['a', { failing }]])), 'a has 3.4% errors since 14:02, usually 0.06%');
  assert.equal(said([row('a')], new Map([['a', { failing: { ...failing, usual: 0, since: null } }]])), 'a has 3.4% errors, usually none');
  assert.equal(said([row('a')], new Map([['a', { failing: { ...failing, share: null, usual: 0, since: null } }]])), 'a has 30 errors in 3 min, usually none');
  assert.equal(said([row('a')], new Map([['a', { failing: { ...failing, usual: null, since: null } }]])), 'a has 3.4% errors (too new to have a usual)');
  assert.equal(said([row('a')], new Map([['a', { slow }]])), 'a is slow: 212 ms, usually 41.3 ms');
});

test('a verdict has the message of a service and its instances in trouble', () => {
  const message = 'disk full';
  const instances = [{ instance: 'a1', status: 'degraded' }, { instance: 'a2', status: 'healthy' }, { instance: 'a3', status: 'healthy' }];
  assert.equal(said([{ ...row('a', 'degraded', since), message, instances }]), 'a is degraded since 14:02 (a1 of 3 instances), “disk full”');
  assert.equal(said([{ ...row('a', 'degraded', since), message: 'x'.repeat(500) }]).length, 'a is degraded since 14:02, “…”'.length + 80);
});

test('the worst services come first, and the list is short unless all are requested', () => {
  const rows = [row('e', 'degraded', since), row('d', 'stale', since), row('c', 'down', since), row('b', 'unhealthy', since), row('a')];
  assert.equal(said(rows), '4 of 5 services need attention: c is down since 14:02; b is unhealthy since 14:02; d is stale since 14:02 and 1 more');
  assert.equal(said(rows, new Map(), Infinity).endsWith('d is stale since 14:02; e is degraded since 14:02'), true);
  assert.equal(verdict(rows, new Map(), NOW).state, 'bad');
  assert.equal(verdict(rows, new Map(), NOW).troubled, 4);
});

test('urgency follows the worst current problem', () => {
  const found = [[row('a', 'down')], [row('a', 'unhealthy')], [row('a'), { failing }], [row('a', 'stale')], [row('a', 'degraded'), { slow }], [row('a', 'maintenance'), { slow }], [row('a', 'unknown')]];
  const urgencies = found.map(([one, wrong]) => urgency(one, wrong));
  assert.deepEqual(urgencies, [...urgencies].sort((a, b) => b - a));
  assert.equal(new Set(urgencies).size, found.length);
  assert.equal(urgency(row('a')), 0);
  assert.equal(urgency(row('a', 'degraded'), { failing }), urgency(row('a'), { failing }));
});

const hourOf = (requests, errors) => {
  const hour = new Hour(0);
  hour.load(requests.map((each, index) => ({ timestamp: new Date(index * 60_000).toISOString(), requests: each, errors: errors[index] })));
  return hour;
};
const flat = (value) => new Array(MINUTES).fill(value);

test('what a snapshot says is unusual is shown by service', () => {
  const errors = { share: 0.04, usual: 0.01, count: 12, seconds: 180, since: '1970-01-01T00:54:00Z' };
  const found = wrongOf({ a: { errors, latency: null }, b: { errors: null, latency: { now_ms: 200, usual_ms: 40 } } });
  assert.deepEqual(found.get('a'), { failing: { share: 0.04, usual: 0.01, errors: 12, seconds: 180, since: 54 * 60 }, slow: undefined });
  assert.deepEqual(found.get('b'), { failing: undefined, slow: { now: 200, usual: 40 } });
  assert.equal(wrongOf({ a: { errors: { ...errors, since: null }, latency: null } }).get('a').failing.since, null);
  assert.equal(wrongOf(undefined).size, 0);
});

test('usual figures say of what they are the median', () => {
  const usual = { error_rate: { value: 0, median_of: 'hours' }, mean_latency_ms: { value: null, median_of: null } };
  assert.deepEqual([usualOf(usual, 'error_rate'), usualOf(usual, 'mean_latency_ms'), usualOf(usual, 'requests')], [0, null, null]);
  assert.match(aboutUsual(usual, 'error_rate'), /hours .* 7 days/);
  assert.equal(aboutUsual(usual, 'mean_latency_ms'), '');
});

test('an hour advances by minutes, and a long pause empties it', () => {
  const hour = hourOf(flat(1), flat(0));
  hour.add(hour.minute, 2, 1);
  hour.add(hour.minute + 2, 7, 0);
  assert.deepEqual(hour.requests.slice(-3), [3, 0, 7]);
  assert.equal(hour.requests.length, MINUTES);
  hour.add(hour.minute + 1000, 1, 0);
  assert.equal(hour.requests.reduce((a, b) => a + b), 1);
});

test('increases are known from the second snapshot, and decreases are ignored', () => {
  const rises = new Rises();
  const at = (requests, errors) => ({ a: { request_count: requests, error_count: errors } });
  assert.equal(rises.of(at(1000, 5)).size, 0);
  assert.deepEqual(rises.of(at(1010, 6)).get('a'), { requests: 10, errors: 1 });
  assert.equal(rises.of(at(500, 6)).size, 0);
  rises.reset();
  assert.equal(rises.of(at(900, 9)).size, 0);
});

test('presets have whole buckets, the newest still open, and no more than are kept', () => {
  const kept = { 5: 110, 60: 10_800, 3600: 604_800, 86_400: 7_776_000 };
  for (let index = 0; index < 200; index += 1) {
    const now = 1_764_081_234 + Math.random() * 1e6;
    for (const name of Object.keys(PRESETS)) {
      const { from, to, step, isLive } = preset(name, now);
      assert.deepEqual([from % step, to % step, isLive], [0, 0, true], name);
      assert.ok(to > now && to - step <= now && to - from <= kept[step], name);
    }
  }
});

test('a custom range is named by both of its ends', () => {
  const at = (...time) => new Date(2026, 10, ...time).getTime() / 1000;
  const named = (from, to) => custom(from, to, NOW.getTime() / 1000).words;
  assert.equal(named(at(25, 9, 5), at(25, 11)), '09:05 – 11:00');
  assert.equal(named(at(24, 9, 5), at(24, 11)), 'Nov 24, 09:05 – 11:00');
  assert.equal(named(at(24, 9, 5), at(25, 11)), 'Nov 24, 09:05 – Nov 25, 11:00');
  assert.equal(named(at(23, 0), at(24, 0)), 'Nov 23, 00:00 – Nov 24, 00:00');
  assert.equal(named(at(25, 9, 5), at(25, 9, 6)), '09:05:00 – 09:06:00');
  assert.equal(custom(0, 60, 90).isLive, false);
});

test('a range chosen in a chart is made of whole buckets', () => {
  assert.deepEqual(snapped(61, 179, 60), { from: 60, to: 180 });
  assert.deepEqual(snapped(61, 62, 60), { from: 60, to: 120 });
  assert.deepEqual(snapped(60, 120, 60), { from: 60, to: 120 });
});

test('a range is compared with the period before, or the same time of another day', () => {
  const range = preset('1h', 1_764_081_234);
  const before = comparedWith('before', range);
  assert.deepEqual([before.to, before.to - before.from, before.shift], [range.from, 3600, 3600]);
  assert.equal(comparedWith('yesterday', range).shift, 86_400);
  assert.equal(comparedWith('week', range).shift, 604_800);
  assert.equal(comparedWith('', range), null);
  assert.equal(comparedWith('constructor', range), null);
});

test('yesterday is the same time of day after the clocks were changed', () => {
  const range = preset('1h', new Date(2026, 9, 25, 12, 30).getTime() / 1000); // Berlin: summer time ended in the night
  assert.equal(comparedWith('yesterday', range).shift, 90_000);
  zone.chooseZone('utc');
  assert.equal(comparedWith('yesterday', range).shift, 86_400);
  zone.chooseZone('local');
});

/** A summary as the service answers it: `requests` and `errors` by bucket of `step` seconds from `from` on. */
const answer = (from, step, requests, errors = requests.map(() => 0), more = {}) => {
  const at = (place) => new Date((from + place * step) * 1000).toISOString();
  const sum = (values) => values.reduce((total, each) => total + each, 0);
  const latency = { avg_latency_ms: 20, p50_latency_ms: 10, p95_latency_ms: 40, p99_latency_ms: 80 };
  const [all, failed] = [sum(requests), sum(errors)];
  return {
    service: null, from: at(0), to: at(requests.length), since: at(0), step, seconds: requests.length * step,
    figures: { requests: all, errors: failed, error_rate: all ? (failed / all) * 100 : null, requests_per_second: all / (requests.length * step), ...latency, max_latency_ms: 90, unique_users: 7, events: all },
    points: requests.map((each, place) => ({ timestamp: at(place), requests: each, errors: errors[place], ...latency, unique_users: place + 1 })),
    services: { shop: { requests: all, errors: failed, error_rate: all ? (failed / all) * 100 : null, mean_latency_ms: 20, p95_latency_ms: 40, requests_by_bucket: [...requests], errors_by_bucket: [...errors] } },
    endpoints: { from: at(0), to: at(requests.length), step: 86_400, rows: [] },
    metrics: {}, ...more,
  };
};
const rise = (requests, errors = 0, service = 'shop') => new Map([[service, { requests, errors }]]);
const START = 1_764_081_240;

test('a loaded range is counted up live, and moves on', () => {
  const found = parsed(answer(START, 60, [60, 6, 12]));
  advance(found, START + 130, rise(8, 2), true);
  assert.deepEqual([found.figures.requests, found.services.shop.requests, found.points[2].requests, found.figures.error_rate], [86, 86, 20, (2 / 86) * 100]);
  assert.deepEqual(rates(found, START + 130).requests, [1, 0.1, 2], 'the open bucket counts for the seconds that have passed');
  advance(found, START + 181, rise(3, 0, 'new'), true);
  assert.deepEqual([found.from, found.to, found.points.map(({ requests }) => requests)], [START + 60, START + 240, [6, 20, 3]]);
  assert.deepEqual([found.figures.requests, found.services.shop.requests, found.services.new.requests], [29, 26, 3]);
  assert.equal(found.seconds, 121);
});

test('the sums of a range stay those of its buckets, however it moves on', () => {
  for (let round = 0; round < 200; round += 1) {
    const found = parsed(answer(START, 60, Array.from({ length: 15 }, () => Math.floor(Math.random() * 9))));
    let now = found.to - Math.random() * 60;
    for (let index = 0; index < 20; index += 1) {
      now += Math.random() * 90;
      advance(found, now, rise(Math.floor(Math.random() * 5), Math.floor(Math.random() * 2)), true);
      const sum = found.points.reduce((total, { requests }) => total + requests, 0);
      assert.equal(found.figures.requests, sum);
      assert.equal(found.services.shop.requests_by_bucket.reduce((total, each) => total + each, 0), sum);
      assert.equal(found.points.length, 15);
      assert.ok(found.from <= now && now < found.to);
    }
  }
});

test('a range that stands still is not moved, and counts only what is in it', () => {
  const found = parsed(answer(START, 60, [1, 2]));
  advance(found, START + 500, rise(5), false);
  assert.deepEqual([found.figures.requests, found.from, found.seconds], [3, START, 120]);
  advance(found, START + 100, rise(5), false);
  assert.equal(found.figures.requests, 8);
});

test('increases are not counted in hours and days: records of the past arrive too', () => {
  const found = parsed(answer(START, 3600, [1, 2]));
  advance(found, START + 3700, rise(5000), true);
  assert.equal(found.figures.requests, 3);
});

test('buckets of the other range are found by time, also where they are longer', () => {
  const then = { from: 0, step: 60, points: [1, 2, 3] };
  assert.deepEqual(places([600, 660, 720, 780], then, 600), [0, 1, 2, -1]);
  assert.deepEqual(places([3600, 5400, 7200], { from: 0, step: 3600, points: [1, 2] }, 3600), [0, 0, 1]);
  assert.deepEqual(places([10], then, 600), [-1]);
});

test('requests are compared over the same length', () => {
  const of = (seconds, since = 0) => ({ from: 0, since, seconds });
  assert.deepEqual(scaled(100, of(3600), of(3600)), { value: 100, isExact: true });
  assert.deepEqual(scaled(100, of(3600), of(600, 3000)), { value: 100, isExact: true }, 'the length is that of the range, not from its first data on');
  assert.deepEqual(scaled(100, of(3600), of(7200)), { value: 50, isExact: false });
  assert.equal(scaled(100, of(3600), of(0)).value, null);
});

test('captions name the range, and the other one', () => {
  const range = { ...preset('1h', START), words: 'last hour', within: 'in the last hour' };
  const now = parsed(answer(START - 120, 60, [60, 120], [0, 6]));
  const ever = { requests: true, latency: true };
  const caption = (make, more = {}) => make({ range, now, other: null, then: null, ...more }, ever, START)[0];
  const peak = when(new Date((START - 60) * 1000));
  assert.equal(caption(flowCaption), `Last hour: 1.5/s on average, peak 2/s at ${peak}; errors up to 6/min.`);
  assert.equal(caption(latencyCaption), 'Last hour: p50 10 ms, p95 40 ms, p99 80 ms, greatest 90 ms.');
  assert.equal(caption(usersCaption), 'Last hour: 7 distinct; 1 to 2 a minute.');
  const other = { words: 'yesterday', shift: 86_400 };
  const then = parsed(answer(START - 86_520, 60, [30, 30]));
  assert.match(caption(flowCaption, { other, then }), /; errors up to 6\/min\. Dashed: yesterday, 30\/min on average\.$/);
  const nothing = parsed(answer(START - 120, 60, [0, 0]));
  assert.equal(caption(flowCaption, { now: nothing }), 'No requests in the last hour; no errors.');
  assert.equal(flowCaption({ range, now: nothing }, { requests: false }, START)[0], 'No requests were sent so far (events of type “request”); no errors.');
});

test('endpoints are of the range, or of the whole days around it', () => {
  const range = { ...custom(START, START + 60, START), words: 'W' };
  const of = (from, to, step) => ({ range, now: { endpoints: { from, to, step, rows: [] } } });
  const midnight = START - (START % 86_400);
  assert.equal(endpointsAbout(of(START, START + 60, 1)), 'W');
  assert.equal(endpointsAbout(of(midnight, midnight + 86_400, 86_400)), 'whole day Nov 25 (UTC)');
  assert.equal(endpointsAbout(of(midnight - 86_400, midnight + 86_400, 86_400)), 'whole days Nov 24 – Nov 25 (UTC)');
  const row = { service: 'a', endpoint: '/', requests: 3 };
  const two = (from, to) => ({ now: { endpoints: { from: 0, to: 86_400, step: 86_400, rows: [] } }, then: { endpoints: { from, to, step: 86_400, rows: [row] } } });
  assert.equal(endpointsBefore(two(0, 86_400)).size, 0, 'the same day is no comparison');
  assert.deepEqual([...endpointsBefore(two(-86_400, 0))], [['a /', row]]);
});

test('the verdict on a range that is over names what was unusual in it', () => {
  const range = { words: 'Nov 24, 09:00 – 10:00' };
  const other = { words: 'yesterday' };
  const said = (now, then) => {
    const { lead, parts, state } = rangeVerdict({ range, now: parsed(now), other: then ? other : null, then: then && parsed(then) });
    return [lead + parts.map(({ service, text }) => `${service} ${text}`).join('; '), state];
  };
  assert.deepEqual(said(answer(0, 3600, [1000], [50]), answer(0, 3600, [1000], [1])), ['Nov 24, 09:00 – 10:00: shop had 5% errors, yesterday 0.1%', 'bad']);
  assert.deepEqual(said(answer(0, 3600, [1000], [50]), answer(0, 3600, [1000], [40])), ['Nov 24, 09:00 – 10:00: 1,000 requests, 5% errors; nothing unusual compared with yesterday.', 'good']);
  assert.deepEqual(said(answer(0, 3600, [1000], [50])), ['Nov 24, 09:00 – 10:00: 1,000 requests, 5% errors; no service had 10% errors.', 'good']);
  assert.deepEqual(said(answer(0, 3600, [1000], [200])), ['Nov 24, 09:00 – 10:00: shop had 20% errors', 'bad']);
  assert.deepEqual(said(answer(0, 3600, [0])), ['Nov 24, 09:00 – 10:00: no requests.', 'idle']);
  assert.deepEqual(said(answer(0, 3600, [])), ['Nov 24, 09:00 – 10:00: nothing is kept of that time.', 'idle']);
});

test('a wrong clock is corrected, and small differences are ignored', () => {
  assert.equal(learn(Date.now() - 900), false);
  assert.ok(Math.abs(nowMs() - Date.now()) < 50);
  assert.equal(learn(Date.now() + 3_600_000), true);
  assert.equal(learn(Date.now() + 3_599_000), false);
  assert.ok(Math.abs(nowMs() - Date.now() - 3_600_000) < 50);
  assert.equal(learn(Date.now()), true);
});

test('extremes ignore unknown values', () => {
  assert.deepEqual(extremes([null, 1, 3, null]), { least: 1, greatest: 3 });
  assert.equal(extremes([null]), null);
});

test('the address holds the view, without defaults', () => {
  const view = { ...read(''), service: 'a b&c', type: '<img>', range: '1h', compare: 'week' };
  assert.deepEqual(read(write(view)), view);
  const past = { ...read(''), from: 1_764_081_240, to: 1_764_084_840 };
  assert.equal(write(past), '?from=2025-11-25T14:34:00Z&to=2025-11-25T15:34:00Z');
  assert.deepEqual(read(write(past)), past);
  assert.equal(write(read('?range=never&compare=never')), '');
  assert.equal(read('?range=constructor&compare=constructor').range, '');
  for (const wrong of ['from=2025-11-25T14:34:00Z', 'from=b&to=a', 'from=2025-11-25T14:34:00Z&to=2025-11-25T14:34:00Z', 'zoom=20-10', 'zoom=1-', 'zoom=a-b', 'from=-1&to=5']) {
    assert.deepEqual([read(`?${wrong}`).from, read(`?${wrong}`).to], ['', ''], wrong);
  }
  assert.equal(read('?range=1h&from=2025-11-25T14:34:00Z&to=2025-11-25T15:34:00Z').range, '', 'a custom range is the range');
});

test('links to a service keep the range and the comparison, and drop filters', () => {
  const view = { ...read('?range=24h&compare=week&type=x&find=y'), service: 'cart' };
  assert.equal(withService(view, 'a b'), '?service=a+b&range=24h&compare=week');
  assert.equal(withService(view, ''), '?range=24h&compare=week');
  assert.equal(withService(read('?service=cart'), ''), './');
});

test('links of earlier versions open the same time', () => {
  assert.deepEqual([read('?range=5m').range, read('?range=1h&zoom=10-20').from, read('?zoom=10-20').to], ['15m', 10, 20]);
});

test('numbers and durations are formatted for people', () => {
  assert.deepEqual([compact(9_999), compact(41_300), decimal(0.254), decimal(42.55), decimal(null)], ['9,999', '41.3K', '0.25', '42.6', '–']);
  assert.deepEqual([percent(0.254), percent(12.34), ms(36.84), ms(137.2), ms(12_500), ms(null)], ['0.25%', '12.3%', '36.8 ms', '137 ms', '12.5 s', '–']);
  assert.deepEqual([short(9_999_999), short(123_456_789), decimal(2.5e12), ms(1e15), span(3.6e9)], ['9,999,999', '123.5M', '2.5T', '11.6M d', '41,666 d']);
  assert.deepEqual([decimal(0.0001), percent(0.001), ms(0.04), ms(0.001), ms(0), percent(0)], ['<0.01', '<0.01%', '0.04 ms', '<0.01 ms', '0 ms', '0.0%']);
  assert.deepEqual([span(12), span(65), span(12_000), span(180_000), ago(0.4), ago(12), ago(12_000, briefly)], ['12 s', '1 min', '3 h 20 min', '2 d 2 h', 'now', '12 s ago', '3 h ago']);
  assert.deepEqual([short(999e12), short(1e15), count(1.5e17), compact(1e99), decimal(2e20), ms(1e30), percent(1e19)], ['999T', '1E15', '1.5E17', '1E99', '2E20', '1.2E22 d', '1E19%']);
  assert.deepEqual([briefly(12), briefly(51_240), briefly(0)], ['12 s', '14 h', '0 s']);
  assert.deepEqual([shorten('of 807 ms', 9), shorten('of 807 ms', 8), shorten('of 807 ms', 5), shorten('807807', 3)], ['of 807 ms', 'of 807 …', 'of …', '807…']);
  assert.equal(when(new Date(2026, 10, 24, 9, 5), NOW), 'Nov 24, 09:05');
  assert.deepEqual([shortly(new Date(2026, 10, 24, 9, 5), NOW), shortly(NOW, NOW)], ['Nov 24', '14:30']);
  assert.equal(utc(new Date('2026-11-25T14:02:03.5Z')), '2026-11-25 14:02:03 UTC');
});

test('times are in the chosen zone', () => {
  const at = new Date(2026, 10, 25, 23, 59, 30);
  const there = [clock(at), day(at), when(at, at), zone.dayOf(at), zone.hourOf(at), zone.midnight('2026-11-25')];
  assert.deepEqual(there, ['23:59:30', 'Wed, Nov 25', '23:59', at.toDateString(), 23, new Date(2026, 10, 25).getTime()]);
  zone.chooseZone('utc');
  const iso = at.toISOString();
  assert.deepEqual([clock(at), when(at, at), zone.dayOf(at), zone.hourOf(at)], [iso.slice(11, 19), iso.slice(11, 16), iso.slice(0, 10), at.getUTCHours()]);
  assert.equal(zone.midnight('2026-11-25'), Date.UTC(2026, 10, 25));
  zone.chooseZone('local');
  assert.equal(clock(at), '23:59:30');
});

test('latency has three digits at most, in the unit that fits', () => {
  assert.deepEqual([4, 4.256, 42.56, 137.2, 999.4, 999.6, 1234.5, 59_960, 90_000, 3.6e6, 1e9].map(ms), ['4 ms', '4.26 ms', '42.6 ms', '137 ms', '999 ms', '1 s', '1.23 s', '1 min', '1.5 min', '1 h', '11.6 d']);
  for (let index = 0; index < 2000; index += 1) {
    const value = 10 ** (Math.random() * 12 - 2);
    const digits = ms(value).replace(/[^\d.]/g, '').replace(/^0\.0*|\./, '').replace(/^0+/, '');
    assert.ok(digits.length <= 3, `${value}: ${ms(value)}`);
  }
});

test('low rates are per minute, hour or day, and never shown as zero', () => {
  assert.deepEqual([0, 42, 1, 0.5, 3 / 60, 3 / 3600, 3 / 86_400, 1e-9, 1234.5, 0.9999].map(rate), ['0/s', '42/s', '1/s', '30/min', '3/min', '3/h', '3/d', '<0.01/d', '1,235/s', '1/s']);
  assert.equal(rate(null), '–');
});

test('ticks of an axis are distinct for any maximum', () => {
  assert.deepEqual(ticks(0.00083, 4, 'rate').map(({ text }) => text), ['0', '1/h', '2/h']);
  assert.deepEqual(ticks(1, 4, 'count').map(({ text }) => text), ['0', '1']);
  assert.deepEqual(ticks(0, 4, 'rate'), [{ value: 0, text: '0' }]);
  assert.deepEqual(ticks(2600, 4, 'ms').map(({ text }) => text), ['0', '1 s', '2 s']);
  for (let index = 0; index < 3000; index += 1) {
    const [greatest, most, kind] = [10 ** (Math.random() * 26 - 12), 3 + Math.floor(Math.random() * 6), ['count', 'rate', 'ms'][index % 3]];
    const found = ticks(greatest, most, kind);
    const texts = found.map(({ text }) => text);
    assert.equal(new Set(texts).size, texts.length, `${greatest} ${kind}: ${texts}`);
    assert.equal(texts.filter((text) => Number.parseFloat(text.replace(/,/g, '')) === 0).length, 1, `${greatest} ${kind}: ${texts}`);
    assert.ok(found.length - 1 <= most && found.at(-1).value <= greatest * 1.0001, `${greatest} ${most} ${kind}: ${texts}`);
    assert.ok(found.length > 1 || kind === 'count', `${greatest} ${most} ${kind}: ${texts}`);
  }
});

test('a stretch of time has a caption', () => {
  const at = (hour, minute, second = 0) => new Date(2026, 10, 25, hour, minute, second).getTime() / 1000;
  assert.equal(between([at(14, 2), at(14, 25)], NOW), '14:02 – 14:25, 23 min');
  assert.equal(between([at(14, 2), at(14, 3, 30)], NOW), '14:02:00 – 14:03:30, 90 s');
  assert.equal(between([at(14, 2), at(14, 4, 30)], NOW), '14:02:00 – 14:04:30, 2 min 30 s');
  assert.equal(between([at(14, 2), at(14, 7)], NOW), '14:02:00 – 14:07:00, 5 min');
  assert.equal(between([at(14, 2) - 86_400, at(14, 2)], NOW), 'Nov 24, 14:02 – 14:02, 1 d');
  assert.equal(stamp(new Date(2026, 10, 24, 23, 59, 58), NOW), 'Nov 24, 23:59:58');
  assert.equal(stamp(NOW, NOW), '14:30:00');
  const late = new Date(2026, 10, 24, 23, 55);
  assert.deepEqual([5, 60, 300].map((step) => moment(late, step, NOW)), ['Nov 24, 23:55:00', 'Nov 24, 23:55', 'Nov 24, 23:55']);
});

/** Values of series with one bucket of `requests` that holds `at`. */
const only = (name, at) => async (query) => {
  const values = [];
  for (let start = query.from; start < query.to; start += query.step) values.push(query.name === name && start <= at && at < start + query.step ? 1 : 0);
  return values;
};

test('the page opens with the shortest range that has data', async () => {
  const now = 1_764_081_234;
  for (const [age, range] of [[10, '1h'], [3400, '1h'], [4000, '3h'], [11_000, '24h'], [90_000, '7d'], [5 * 86_400, '7d'], [9 * 86_400, '90d']]) {
    assert.equal(await shortestWithData('1h', now, only('requests', now - age)), range, `${age}`);
    assert.equal(await shortestWithData('1h', now, only('events', now - age)), range, `${age}`);
  }
  assert.equal(await shortestWithData('1m', now, only('requests', now - 10)), '1m');
  assert.equal(await shortestWithData('1h', now, async () => []), '1h');
});

test('a question is read from an address, and written to it without defaults', () => {
  assert.equal(question.write(question.read('')), '');
  for (const address of [
    '?span=30d&q=type:purchase&measure=sum&field=total&by=data.category&interval=day',
    '?question=funnel&window=240&by=service&step=type:view&step=type:buy',
    '?question=retention&span=custom&from=2026-11-01T00:00:00Z&to=2026-11-08T00:00:00Z&first=type:view&cohorts=day',
  ]) assert.equal(question.write(question.read(address)), address);
  assert.equal(question.read('?question=magic&span=1y').question, 'figures');
  assert.equal(question.read('?question=magic&span=1y').span, '7d');
});

test('an address has the same times in every time zone', (t) => {
  const { TZ = '' } = process.env;
  t.after(() => (process.env.TZ = TZ));
  process.env.TZ = 'America/New_York';
  const view = question.read('?span=custom&from=2026-11-02T00:00:00Z&to=2026-11-02T10:30:05Z');
  assert.deepEqual([view.from, view.to], ['2026-11-01T19:00:00', '2026-11-02T05:30:05']);
  assert.equal(question.bodyOf(view, 0).to, '2026-11-02T10:30:05.000Z');
  view.from = '2026-11-01T20:00'; // as it is entered
  assert.equal(question.write(view), '?span=custom&from=2026-11-02T01:00:00Z&to=2026-11-02T10:30:05Z');
  const open = question.read('?span=custom&from=never');
  assert.deepEqual([open.from, question.bodyOf(open, 0).from, question.write(open)], ['', undefined, '?span=custom']);
});

test('a question is asked with what belongs to its kind', () => {
  const now = Date.parse('2026-11-08T00:00:00Z');
  const week = { from: '2026-11-01T00:00:00.000Z', to: '2026-11-08T00:00:00.000Z' };
  assert.deepEqual(question.bodyOf(question.read('?by=type'), now), { question: 'figures', ...week, measure: 'count', by: ['type'], interval: 'hour' });
  assert.deepEqual(question.bodyOf(question.read('?question=funnel&step=a&step=&step=b&window=2'), now), { question: 'funnel', ...week, steps: ['a', 'b'], window: 7200 });
  assert.deepEqual(question.bodyOf(question.read('?question=retention&back=b'), now), { question: 'retention', ...week, back: 'b', interval: 'week', periods: 8 });
  assert.deepEqual(question.bodyOf(question.read('?measure=avg&interval=none'), now), { question: 'figures', ...week, measure: 'avg', field: undefined });
});

test('periods fit the time', () => {
  assert.deepEqual([3600, 86_400, 7 * 86_400, 90 * 86_400, 1000 * 86_400].map(question.fitting), ['minute', 'hour', 'hour', 'day', 'week']);
});

test('CSV keeps values apart, and no text becomes a formula', () => {
  assert.equal(csv([['a,b', 'say "x"'], [1.5, null], ['=1+1', '-5'], [-5, '']]), '"a,b","say ""x"""\r\n1.5,\r\n\'=1+1,\'-5\r\n-5,\r\n');
});

test('answers become tables', () => {
  const figures = { question: 'figures', times: ['2026-11-01T00:00:00Z'], points: [2], value: 2, groups: [{ values: [null], value: 2, points: [2] }], group_count: 1 };
  assert.deepEqual(tableOf(question.read('?by=type'), figures).rows, [['(none)', 2], ['All', 2]]);
  assert.deepEqual(tableOf(question.read(''), figures).rows, [['2026-11-01T00:00:00Z', 2]]);
  const steps = [{ users: 4, median_seconds: 0 }, { users: 1, median_seconds: 9 }];
  const funnel = tableOf(question.read('?question=funnel&step=a&step=b'), { question: 'funnel', steps, groups: [], group_count: 0 });
  assert.deepEqual(funnel.rows, [['1. a', 4, 1, null, 0], ['2. b', 1, 0.25, 0.25, 9]]);
  const cohorts = [{ time: '2026-11-01T00:00:00Z', users: 4, back: [1, 2, null] }, { time: '2026-11-02T00:00:00Z', users: 0, back: [0, null, null] }];
  const retention = tableOf(question.read('?question=retention&cohorts=day'), { question: 'retention', cohorts });
  assert.deepEqual(retention.rows, [['2026-11-01', 4, 0.25, 0.5], ['2026-11-02', 0, null, null]]);
});

test('answers without times become bars', () => {
  const cohorts = [{ time: '2026-11-01T00:00:00Z', users: 4, back: [1, 2, null] }, { time: '2026-11-02T00:00:00Z', users: 6, back: [3, null, null] }];
  assert.deepEqual(barsOf(question.read('?question=retention&cohorts=day'), { question: 'retention', cohorts }), [
    { label: 'same day', value: 4, of: 10 }, { label: '+1', value: 2, of: 4 },
  ]);
  assert.deepEqual(barsOf(question.read('?question=retention'), { question: 'retention', cohorts: [] }), []);
  const steps = [{ users: 4, median_seconds: 0 }, { users: 1, median_seconds: 9 }];
  const funnel = { question: 'funnel', steps, groups: [], group_count: 0 };
  assert.deepEqual(barsOf(question.read('?question=funnel&step=a&step=&step=b'), funnel), [{ label: 'a', value: 4, of: 4 }, { label: 'b', value: 1, of: 4 }]);
  const groups = [{ values: ['x', null], value: 3, points: [] }, { values: ['y', 'z'], value: null, points: [] }];
  const figures = { question: 'figures', times: [], points: [], value: 3, groups, group_count: 2 };
  assert.deepEqual(barsOf(question.read('?by=a&by2=b&interval=none'), figures), [{ label: 'x · (none)', value: 3, of: 3 }, { label: 'y · z', value: null, of: 3 }]);
  assert.deepEqual(barsOf(question.read('?by=a'), { ...figures, times: ['a', 'b'] }), [], 'they have a chart over time');
});
