// Verdict on a range that is over: which services had unusual errors or latency in it. Pure.

import { briefPercent, ms, plural } from './format.js';

const FEWEST_ERRORS = 5;
const UNUSUAL = 3; // times the share of errors in the other range
const DEVIATIONS = 4; // of a number of errors that come by chance
const FAILING_SHARE = 0.1; // where nothing is known to compare with
const SLOW = 2;
const SLOW_MS = 10;
const FEWEST_TIMED = 20;

/**
 * The verdict on the loaded range, compared with the other one if there is one.
 *
 * @returns {{state: string, lead: string, parts: Array<{service: string, text: string}>}} the worst service first.
 */
export function rangeVerdict({ range, now, other, then }) {
  const isCompared = Boolean(other && then?.isKept);
  const lead = sentence(range.words);
  if (!now.isKept) return { state: 'idle', lead: `${lead}: nothing is kept of that time.`, parts: [] };
  const found = Object.entries(now.services)
    .filter(([service]) => !now.service || service === now.service)
    .map(([service, row]) => judged(service, row, isCompared ? then.services[service] : undefined, other?.words))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  if (found.length) return { state: found.some(({ isFailing }) => isFailing) ? 'bad' : 'warn', lead: `${lead}: `, parts: found };
  const { requests, error_rate: rate } = now.figures;
  if (!requests) return { state: 'idle', lead: `${lead}: no requests${now.figures.errors ? `, ${plural(now.figures.errors, 'error')}` : ''}.`, parts: [] };
  const verdict = isCompared ? `nothing unusual compared with ${other.words}` : `no service had ${FAILING_SHARE * 100}% errors`;
  return { state: 'good', lead: `${lead}: ${plural(Math.round(requests), 'request')}, ${briefPercent(rate)} errors; ${verdict}.`, parts: [] };
}

function judged(service, row, before, words) {
  const phrases = [];
  const share = row.requests ? row.errors / row.requests : 1;
  const isFailing = row.errors >= FEWEST_ERRORS && isUnusual(row, before);
  if (isFailing) phrases.push(`had ${share > 1 || !row.requests ? plural(Math.round(row.errors), 'error') : `${briefPercent(share * 100)} errors`}${before?.requests ? `, ${words} ${before.errors ? briefPercent(before.error_rate) : 'none'}` : ''}`);
  const [mean, usual] = [row.mean_latency_ms, before?.mean_latency_ms ?? null];
  const isSlow = usual !== null && mean !== null && row.requests >= FEWEST_TIMED && mean >= usual * SLOW && mean >= usual + SLOW_MS;
  if (isSlow) phrases.push(`${isFailing ? 'latency' : 'was slow:'} ${ms(mean)}, ${words} ${ms(usual)}`);
  return { service, text: phrases.join('; '), isFailing, weight: isFailing ? 1 + Math.min(1, share) : isSlow ? 0.5 : 0 };
}

function isUnusual(row, before) {
  if (!before?.requests) return row.errors >= row.requests * FAILING_SHARE;
  const expected = (before.errors / before.requests) * row.requests;
  return row.errors >= Math.max(expected * UNUSUAL, expected + DEVIATIONS * Math.sqrt(expected + 1));
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);
