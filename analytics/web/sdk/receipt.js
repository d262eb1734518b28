// What an answer means for each item of the batch that was sent, or that it means nothing yet.

import { problemOf } from './transport.js';

const LATER = new Set([0, 408, 425, 429]);
const TOO_MUCH = new Set([400, 413]);

/**
 * @param {import('./transport.js').Answer} answer
 * @param {number} size how many items were sent
 * @param {boolean} isSingle whether it was one object, which gets a message instead of a receipt
 * @returns {{ next: 'settle', outcomes: { status: string, error?: object }[] } | { next: 'retry' | 'split' }}
 */
export function verdict(answer, size, isSingle) {
  const { status, told } = answer;
  if (Number.isInteger(told?.accepted) && Array.isArray(told.errors)) {
    return { next: 'settle', outcomes: itemOutcomes(told, size) };
  }
  const isTaken = status >= 200 && status < 300;
  if (isTaken && isSingle && typeof told?.message === 'string') {
    return { next: 'settle', outcomes: Array(size).fill({ status: 'accepted' }) };
  }
  if (isTaken || LATER.has(status) || status >= 500) return { next: 'retry' };
  if (TOO_MUCH.has(status) && size > 1) return { next: 'split' };
  return { next: 'settle', outcomes: Array(size).fill({ status: 'rejected', error: problemOf(answer) }) };
}

/** A receipt tells how many were duplicates, not which: those that an earlier try has brought are accepted too. */
function itemOutcomes({ accepted, errors }, size) {
  const outcomes = Array(size).fill({ status: accepted === 0 ? 'duplicate' : 'accepted' });
  for (const { index, code, message, field } of errors) {
    outcomes[index] = { status: 'rejected', error: { code, message, ...(field == null ? {} : { field }) } };
  }
  return outcomes;
}
