// The page's arithmetic and words, without a page: `node --test`.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ago, briefly, clock, compact, count, day, decimal, ms, percent, short, shorten, shortly, span, times, utc, when } from '../../analytics/web/static/format.js';
import { Hour, MINUTES, Rises, usualShare } from '../../analytics/web/static/minutes.js';
import { figures, meanRate, parts, RANGES, reaching, Track } from '../../analytics/web/static/points.js';
import { learn, nowMs } from '../../analytics/web/static/servertime.js';
import { read, write, zoomOf } from '../../analytics/web/static/url.js';
import { verdict } from '../../analytics/web/static/verdict.js';
import * as zone from '../../analytics/web/static/zone.js';

const NOW = new Date(2026, 10, 25, 14, 30);
const row = (name, status = 'healthy', since = null) => ({ name, status, status_since: since });
const said = (rows, unusual = new Map()) => {
  const { lead, parts: named, tail } = verdict(rows, unusual, NOW);
  return lead + named.map(({ service, text }) => `${service} ${text}`).join('; ') + tail;
};
const since = new Date(2026, 10, 25, 14, 2).toISOString();
const fourTimes = { ratio: 4.04, errors: 30, seconds: 180, since: Math.floor(Date.parse(since) / 1000) };

test('all is well', () => {
  assert.equal(said([row('a'), row('b')]), 'All 2 services healthy.');
  assert.equal(said([row('a')]), 'The one service is healthy.');
  assert.equal(said([row('a'), row('b', 'unknown'), row('c', 'maintenance')]), '1 service healthy, 1 in maintenance, 1 without heartbeats; errors as usual.');
  assert.equal(said([row('a', 'unknown')]), '1 service seen, without heartbeats yet; errors as usual.');
  assert.equal(said([]), 'Waiting for the first event…');
});

test('one is degraded, and its errors are far above its usual', () => {
  const found = verdict([row('checkout', 'degraded', since), row('a')], new Map([['checkout', fourTimes]]), NOW);
  assert.deepEqual(found, { troubled: 1, state: 'warn', lead: '', parts: [{ service: 'checkout', text: 'is degraded since 14:02; errors 4 × its usual' }], tail: '' });
});

test('a healthy one has too many errors', () => {
  assert.equal(said([row('a')], new Map([['a', fourTimes]])), 'a has errors 4 × its usual since 14:02');
  assert.equal(said([row('a')], new Map([['a', { ...fourTimes, ratio: Infinity, since: null }]])), 'a has 30 errors in 3 min, usually none');
});

test('the worst come first, and there is an end to it', () => {
  const rows = [row('e', 'stale', since), row('d', 'degraded', since), row('c', 'down', since), row('b', 'unhealthy', since), row('a')];
  assert.equal(said(rows), '4 of 5 services need attention: c is down since 14:02; b is unhealthy since 14:02; d is degraded since 14:02, and 1 more');
  assert.equal(verdict(rows, new Map(), NOW).state, 'bad');
  assert.equal(verdict(rows, new Map(), NOW).troubled, 4);
});

const hourOf = (requests, errors) => {
  const hour = new Hour(0);
  hour.load(requests.map((each, index) => ({ timestamp: new Date(index * 60_000).toISOString(), requests: each, errors: errors[index] })));
  return hour;
};
const flat = (value) => new Array(MINUTES).fill(value);

test('errors are unusual from three times the median on, and since when is told', () => {
  const usual = hourOf(flat(100), flat(1));
  assert.equal(usual.unusual(), undefined);
  const risen = flat(1);
  risen.splice(-6, 6, 4, 4, 4, 4, 4, 4);
  const found = hourOf(flat(100), risen).unusual();
  assert.deepEqual(found, { ratio: 4, errors: 12, seconds: 180, since: 54 * 60 });
});

test('a stray error before a storm is no part of it', () => {
  const errors = flat(0);
  errors.splice(-6, 6, 1, 1, 1, 20, 20, 20);
  const hour = hourOf(flat(100), errors);
  hour.usual = 0.0001;
  assert.equal(hour.unusual().since, 57 * 60);
});

test('few errors are never unusual, and without a before nobody can tell', () => {
  const few = flat(0);
  few[59] = 4;
  assert.equal(hourOf(flat(100), few).unusual(), undefined);
  const [requests, errors] = [flat(0), flat(0)];
  requests[59] = errors[59] = 50;
  assert.equal(hourOf(requests, errors).unusual(), undefined);
  assert.equal(new Hour(0).unusual(), undefined);
});

test('rare errors that come together by chance are not unusual', () => {
  const withErrors = (number) => {
    const hour = hourOf(flat(120), flat(0).with(59, number));
    hour.usual = 0.005; // 1.8 in three minutes
    return hour.unusual()?.errors;
  };
  assert.equal(withErrors(8), undefined);
  assert.equal(withErrors(9), 9);
});

test('the day before counts more than a bad hour', () => {
  const hour = hourOf(flat(100), flat(8));
  assert.equal(hour.unusual(), undefined);
  hour.usual = 0.01;
  assert.equal(hour.unusual().ratio, 8);
});

test('the usual share is the median, and the mean where most had no error', () => {
  assert.equal(usualShare([100, 100, 100], [1, 2, 90]), 0.02);
  assert.equal(usualShare([100, 100, 100, 0], [0, 0, 3, 0]), 0.01);
  assert.equal(usualShare([0], [0]), null);
});

test('an hour goes on by minutes, and a long pause empties it', () => {
  const hour = hourOf(flat(1), flat(0));
  hour.add(hour.minute, 2, 1);
  hour.add(hour.minute + 2, 7, 0);
  assert.deepEqual(hour.requests.slice(-3), [3, 0, 7]);
  assert.equal(hour.requests.length, MINUTES);
  hour.add(hour.minute + 1000, 1, 0);
  assert.equal(hour.requests.reduce((a, b) => a + b), 1);
});

test('rises are told from the second time on, and no fall is one', () => {
  const rises = new Rises();
  const at = (requests, errors) => ({ a: { request_count: requests, error_count: errors } });
  assert.equal(rises.of(at(1000, 5)).size, 0);
  assert.deepEqual(rises.of(at(1010, 6)).get('a'), { requests: 10, errors: 1 });
  assert.equal(rises.of(at(500, 6)).size, 0);
  rises.reset();
  assert.equal(rises.of(at(900, 9)).size, 0);
});

test('the parts of a range join without a seam, and ask for no more than is kept', () => {
  const now = 1_764_081_234;
  for (const range of Object.values(RANGES)) {
    const found = parts(range, now);
    assert.ok(found[0].from >= now - range.seconds, range.label);
    assert.equal(found.at(-1).to, now);
    found.forEach(({ from, step }) => assert.equal(from % step, 0));
    const [first] = parts(range, now, range.step, now - 1.5 * range.seconds);
    assert.ok(first.from > now - 1.5 * range.seconds && first.from <= now - 1.5 * range.seconds + range.coarse, range.label);
    found.slice(1).forEach(({ from }, index) => assert.equal(from, found[index].to));
  }
});

test('a zoom that lies before its range is shown in one that reaches back to it', () => {
  assert.equal(reaching('1h', null, 10_000_000), '1h');
  assert.equal(reaching('1h', [10_000_000 - 3000, 10_000_000], 10_000_000), '1h');
  assert.equal(reaching('1h', [10_000_000 - 7000, 10_000_000], 10_000_000), '1h');
  assert.equal(reaching('1h', [10_000_000 - 8000, 10_000_000], 10_000_000), '24h');
  assert.equal(reaching('5m', [10_000_000 - 600_000, 10_000_000], 10_000_000), '7d');
  assert.equal(reaching('1h', [0, 1], 10_000_000), '90d');
});

test('a loaded bucket goes on live, and what is loaded later is right', () => {
  const track = new Track(['requests']);
  const loaded = (value) => ({ step: 60, points: [{ timestamp: '1970-01-01T00:02:00Z', value }] });
  track.load('requests', loaded(2)); // 20 requests in the first 10 s
  track.count('requests', 10, 140, 60);
  assert.deepEqual(track.columns(), [[120], [(2 * 20 + 10) / 20]]);
  track.count('requests', 6, 181, 60);
  assert.deepEqual(track.columns()[1][1], 6);
  track.load('requests', loaded(1));
  track.settle();
  track.trim(130);
  assert.deepEqual(track.columns(), [[180], [6]]);
});

test('what is known finely is not replaced by what is coarse', () => {
  const track = new Track(['requests']);
  const loaded = (step, ...points) => ({ step, points: points.map(([timestamp, value]) => ({ timestamp, value })) });
  track.load('requests', loaded(60, ['1970-01-01T00:00:00Z', 0], ['1970-01-01T00:01:00Z', 0]));
  track.load('requests', loaded(5, ['1970-01-01T00:02:00Z', 7], ['1970-01-01T00:02:05Z', 9]));
  track.load('requests', loaded(60, ['1970-01-01T00:00:00Z', 3], ['1970-01-01T00:01:00Z', 4], ['1970-01-01T00:02:00Z', 8]));
  assert.deepEqual(track.columns(), [[0, 60, 120, 125], [3, 4, 7, 9]]);
});

test('a clock that is off is put right, and small differences are none', () => {
  assert.equal(learn(Date.now() - 900), false);
  assert.ok(Math.abs(nowMs() - Date.now()) < 50);
  assert.equal(learn(Date.now() + 3_600_000), true);
  assert.equal(learn(Date.now() + 3_599_000), false);
  assert.ok(Math.abs(nowMs() - Date.now() - 3_600_000) < 50);
  assert.equal(learn(Date.now()), true);
});

test('figures leave out what is not known', () => {
  assert.deepEqual(figures([null, 1, 3, null]), { least: 1, greatest: 3 });
  assert.equal(figures([null]), null);
});

test('an average counts each bucket by its length', () => {
  assert.equal(meanRate([0, 3600, 3900], [10, 50, 90], 4200), (10 * 3600 + 50 * 300 + 90 * 300) / 4200);
  assert.equal(meanRate([0, 60, 120], [null, 4, 4], 130), 4);
  assert.equal(meanRate([], [], 10), null);
});

test('the address keeps the view, and nothing that is as usual', () => {
  const view = { ...read('', RANGES), service: 'a b&c', type: '<img>', range: '24h' };
  assert.deepEqual(read(write(view), RANGES), view);
  assert.equal(write(read('?range=1h&range=never', RANGES)), '');
  assert.equal(read('?range=constructor', RANGES).range, '1h');
  assert.deepEqual(zoomOf('10-20'), [10, 20]);
  for (const wrong of ['', '20-10', '1-', 'a-b', '1-2-3']) assert.equal(zoomOf(wrong), null);
});

test('numbers and spans are as people say them', () => {
  assert.deepEqual([compact(9_999), compact(41_300), decimal(0.254), decimal(42.55), decimal(null)], ['9,999', '41.3K', '0.25', '42.6', '–']);
  assert.deepEqual([percent(0.254), percent(12.34), ms(36.84), ms(137.2), ms(12_500), ms(null)], ['0.25%', '12.3%', '36.8 ms', '137 ms', '12.5 s', '–']);
  assert.deepEqual([short(9_999_999), short(123_456_789), decimal(2.5e12), ms(1e15), span(3.6e9)], ['9,999,999', '123.5M', '2.5T', '11.6M d', '41,666 d']);
  assert.deepEqual([decimal(0.0001), percent(0.001), ms(0.04), ms(0.001), ms(0), percent(0)], ['<0.01', '<0.01%', '0.04 ms', '<0.01 ms', '0.0 ms', '0.0%']);
  assert.deepEqual([span(12), span(65), span(12_000), span(180_000), ago(0.4), ago(12), ago(12_000, briefly)], ['12 s', '1 min', '3 h 20 min', '2 d 2 h', 'now', '12 s ago', '3 h ago']);
  assert.deepEqual([short(999e12), short(1e15), count(1.5e17), compact(1e99), decimal(2e20), ms(1e30), percent(1e19)], ['999T', '1E15', '1.5E17', '1E99', '2E20', '1.2E22 d', '1E19%']);
  assert.deepEqual([briefly(12), briefly(51_240), briefly(0)], ['12 s', '14 h', '0 s']);
  assert.deepEqual([shorten('of 807 ms', 9), shorten('of 807 ms', 8), shorten('of 807 ms', 5), shorten('807807', 3)], ['of 807 ms', 'of 807 …', 'of …', '807…']);
  assert.deepEqual([times(4.04), times(2.5), times(25.4), times(1658)], ['4 ×', '2.5 ×', '25 ×', 'over 100 ×']);
  assert.equal(when(new Date(2026, 10, 24, 9, 5), NOW), 'Nov 24, 09:05');
  assert.deepEqual([shortly(new Date(2026, 10, 24, 9, 5), NOW), shortly(NOW, NOW)], ['Nov 24', '14:30']);
  assert.equal(utc(new Date('2026-11-25T14:02:03.5Z')), '2026-11-25 14:02:03 UTC');
});

test('times are told in the zone that is chosen', () => {
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
