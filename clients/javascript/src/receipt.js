// Interprets an answer: outcomes of the items, or retry, or split the batch.

import { problemOf } from './transport.js';

const LATER = new Set([0, 408, 425, 429]);
const DENIED = new Set([401, 403]);
const TOO_MUCH = new Set([400, 413, 422]);

/**
 * @param {import('./transport.js').Answer} answer
 * @param {boolean[]} tried for each item, whether an earlier request may have delivered it
 * @param {boolean} isSingle whether a single object was sent, which gets a message instead of a receipt
 * @returns {{ next: 'settle', outcomes: { status: string, error?: object }[] } | { next: 'retry' | 'split' }
 *   | { next: 'denied', outcomes: { status: string, error?: object }[] }} `denied`: the key is missing or not accepted,
 *   and these are the outcomes if that does not change
 */
export function verdict(answer, tried, isSingle) {
  const { status, body } = answer;
  const isTaken = status >= 200 && status < 300;
  if (!isSingle && (isTaken || status === 400) && isReceipt(body, tried.length)) {
    return { next: 'settle', outcomes: itemOutcomes(body, tried) };
  }
  if (isTaken && isSingle && typeof body?.message === 'string') {
    return { next: 'settle', outcomes: tried.map(() => ({ status: 'accepted' })) };
  }
  if (isTaken || LATER.has(status) || status >= 500) return { next: 'retry' };
  if (TOO_MUCH.has(status) && tried.length > 1) return { next: 'split' };
  const next = DENIED.has(status) ? 'denied' : 'settle';
  return { next, outcomes: tried.map(() => ({ status: 'rejected', error: problemOf(answer) })) };
}

/** Whether the receipt `body` accounts for `size` items. */
function isReceipt(body, size) {
  const { accepted, duplicates, rejected, errors } = body ?? {};
  if (![accepted, duplicates, rejected].every((count) => Number.isInteger(count) && count >= 0)) return false;
  if (accepted + duplicates + rejected !== size || !Array.isArray(errors)) return false;
  const places = new Set(errors.map((error) => error?.index));
  return places.size === rejected && [...places].every((place) => Number.isInteger(place) && place >= 0 && place < size);
}

/** A receipt has the number of duplicates, not which: the items sent before, if their number is the same. */
function itemOutcomes({ accepted, duplicates, errors }, tried) {
  const outcomes = tried.map(() => null);
  for (const { index, code, message, field } of errors) {
    outcomes[index] = { status: 'rejected', error: { code, message, ...(field == null ? {} : { field }) } };
  }
  const known = tried.filter((isTried, place) => isTried && !outcomes[place]).length;
  const isDuplicate = (place) => accepted === 0 || (duplicates === known && tried[place]);
  return outcomes.map((rejection, place) => rejection ?? { status: isDuplicate(place) ? 'duplicate' : 'accepted' });
}
