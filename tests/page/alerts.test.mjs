// Calculations and texts about alerts, tested without a page: `node --test`.

import assert from 'node:assert/strict';
import test from 'node:test';
import { columnsOf, firingSpans, namesOf, outcomeOf, thresholdsOf, trendOf } from '../../analytics/web/static/alerts/played.js';
import { ruleOf, valuesOf, withRule } from '../../analytics/web/static/alerts/rule.js';
import { matchersOf, matcherText } from '../../analytics/web/static/alerts/states.js';
import { isFiring, nameOf, runbookOf, worstFirst } from '../../analytics/web/static/firing.js';
import { begun, mutedOf, noticesOf, topicsOf } from '../../analytics/web/static/news.js';
import { Notices } from '../../analytics/web/static/notices.js';

const at = (minute) => `2026-01-01T00:0${minute}:00Z`;
const spans = [{ state: 'pending', is_firing: false, from: at(0), to: at(1) }, { state: 'firing', is_firing: true, from: at(1), to: null }];
const played = { times: [at(0), at(1), at(2)], series: [{ labels: { a: 'b' }, points: [1, null, 3] }], series_count: 1, operator: '>', threshold: 2, alerts: [{ labels: { a: 'b' }, spans }] };
const alert = (name, severity = 'page', minute = 0, rest = {}) => ({ labels: { alertname: name, service: 'shop', severity }, annotations: {}, fired_at: at(minute), ended_at: null, incident: null, ...rest });

test('a played rule has columns, names and the times at which it would have fired', () => {
  assert.deepEqual(columnsOf(played, thresholdsOf(played)).slice(1), [[1, null, 3], [2, 2, 2]]);
  assert.deepEqual(namesOf(played), ['a=b']);
  assert.deepEqual(firingSpans(played).map(({ from, to }) => [from - Date.parse(at(0)) / 1000, to]), [[60, null]]);
  assert.equal(outcomeOf(played).text, 'Would have fired once, for 1 min in all, and would fire at the end.');
  assert.equal(outcomeOf({ ...played, alerts: [] }).text, 'Would not have fired.');
});

test('both thresholds of a rule are drawn', () => {
  assert.deepEqual(thresholdsOf(played, ' < -1.5e3 '), [{ label: '> 2', value: 2 }, { label: 'over at < -1.5e3', value: -1500 }]);
  assert.deepEqual(thresholdsOf({ ...played, threshold: null, operator: null }, '<= .5'), [{ label: 'over at <= .5', value: 0.5 }]);
  for (const clear of ['', 'queue < 5', '< x', '<']) assert.equal(thresholdsOf(played, clear).length, 1, clear);
});

test('the history of a rule has the values nearest to firing, and where it fired', () => {
  const two = { ...played, series: [{ labels: {}, points: [1, null, 3] }, { labels: {}, points: [2, null, -1] }] };
  assert.deepEqual(trendOf(two), { values: [2, null, 3], marked: [1, 2], text: '2 to 3. Would have fired once, for 1 min in all, and would fire at the end.' });
  assert.deepEqual(trendOf({ ...two, operator: '<' }).values, [2, null, 0]);
  assert.deepEqual(trendOf({ ...played, series: [] }), { values: [], marked: [], text: 'no values' });
});

test('the worst alerts come first, and of these the newest', () => {
  const all = [alert('a', 'ticket', 9), alert('b', 'page', 1), alert('c', undefined, 2), alert('d', 'info', 3)];
  assert.deepEqual(all.sort(worstFirst).map(({ labels }) => labels.alertname), ['c', 'b', 'a', 'd']);
  assert.equal(nameOf(all[0]), 'c · shop');
  assert.deepEqual([{ ended_at: at(1) }, { fired_at: null }, {}].map((rest) => isFiring(alert('a', 'page', 0, rest))), [false, false, true]);
});

test('a runbook is a link only where its address is of the web', () => {
  const links = ['https://wiki.example/a', 'HTTP://wiki.example', 'javascript:alert(1)', undefined];
  assert.deepEqual(links.map((runbook_url) => runbookOf({ annotations: { runbook_url } })), ['https://wiki.example/a', 'HTTP://wiki.example', null, null]);
});

test('news are told once by incident, without those that somebody has in hand', () => {
  const before = topicsOf([alert('a', 'page', 0, { incident: '1' })]);
  const after = topicsOf([alert('a', 'page', 0, { incident: '1' }), alert('b', 'page', 0, { incident: '2', annotations: { summary: 'slow' } }), alert('b', 'page', 0, { incident: '2' }), alert('c', 'page', 0, { incident: '3' })]);
  const muted = mutedOf([{ id: '3', silenced_by: 'night' }, { id: '2', silenced_by: null, snoozed_until: null, acknowledged_at: null }]);
  assert.deepEqual(noticesOf(begun(before, after, muted)), [{ tag: '2', name: 'b · shop', body: 'slow · 2 alerts' }]);
});

test('a flood of alerts is one notice', () => {
  const flood = topicsOf(Array.from({ length: 10_000 }, (_, number) => alert(`a${number}`)));
  assert.deepEqual(noticesOf(begun(new Map(), flood)), [{ tag: 'many', name: '10,000 alerts fire', body: 'a0 · shop, a1 · shop, a2 · shop, a3 · shop, a4 · shop …' }]);
});

test('notices tell what begins after the page was opened, and what of it is over', async () => {
  const shown = [];
  globalThis.Notification = class {
    static permission = 'granted';

    static requestPermission = () => Promise.resolve('granted');

    constructor(title, { tag }) {
      shown.push([title, tag]);
    }

    addEventListener() {}
  };
  globalThis.localStorage ??= { items: {}, getItem(key) { return this.items[key] ?? null; }, setItem(key, value) { this.items[key] = value; } };
  const notices = new Notices(async () => ({ incidents: [] }));
  const [first, second] = [alert('a', 'page', 0, { incident: '1' }), alert('b', 'page', 0, { incident: '2' })];
  await notices.tell([first]);
  await notices.tell([first, second]);
  assert.deepEqual(shown, [], 'they are off');
  assert.equal(await notices.choose(true), '');
  await notices.tell([first]);
  await notices.tell([first, second]);
  await notices.tell([first, second]);
  await notices.tell([]);
  assert.deepEqual(shown, [['Analytics', 'test'], ['🔔 b · shop', '2'], ['Over: b · shop', '2']]);
});

test('a rule keeps the fields that the form does not have', () => {
  const before = { alert: 'A', expr: 'a', for: '1m', labels: { team: 'x', severity: 'page' }, no_data: 'alert' };
  const values = { ...valuesOf('g', before), for: '', severity: '', summary: 'words' };
  assert.deepEqual(ruleOf(values, before), { alert: 'A', expr: 'a', labels: { team: 'x' }, annotations: { summary: 'words' }, no_data: 'alert' });
  const body = { interval: '1m', rules: [{ alert: 'A' }, { alert: 'B' }] };
  assert.deepEqual(withRule(body, 1, null).rules, [{ alert: 'A' }]);
  assert.deepEqual(withRule(body, null, { alert: 'C' }).rules.length, 3);
  assert.deepEqual(withRule(body, 0, { alert: 'C' }), { interval: '1m', rules: [{ alert: 'C' }, { alert: 'B' }] });
});

test('matchers are read as Alertmanager writes them', () => {
  const text = 'service="a b", alertname=~"Slow.*" team!=x y!~z';
  assert.deepEqual(matchersOf(text), [
    { name: 'service', value: 'a b', isRegex: false, isEqual: true },
    { name: 'alertname', value: 'Slow.*', isRegex: true, isEqual: true },
    { name: 'team', value: 'x', isRegex: false, isEqual: false },
    { name: 'y', value: 'z', isRegex: true, isEqual: false },
  ]);
  assert.deepEqual(matchersOf(text).map(matcherText), ['service="a b"', 'alertname=~"Slow.*"', 'team!="x"', 'y!~"z"']);
  assert.equal(matchersOf('words'), null);
  assert.equal(matchersOf(''), null);
});
