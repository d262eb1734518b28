// Sends one request; returns an answer, or the reason why there is none. Never throws.

import { parsed } from './json.js';

const MAX_WAIT_MS = 3_600_000;

/**
 * @typedef {{ status: number, body: any, waitMs: number }} Answer
 * `status`: 0 without an answer; `body`: its JSON, or the reason why there is none; `waitMs`: Retry-After in ms, or 0
 */

/**
 * POST a JSON text.
 * @param {string} url
 * @param {string} key empty for none
 * @param {string} text
 * @param {number} timeoutMs for the whole answer
 * @param {AbortController} abort aborts the request
 * @returns {Promise<Answer>}
 */
export async function post(url, key, text, timeoutMs, abort) {
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(key && { 'X-API-Key': key }) },
      body: text,
      credentials: 'omit',
      signal: abort.signal,
    });
    const body = await answer.text();
    return { status: answer.status, body: parsed(body), waitMs: waitOf(answer.headers) };
  } catch (error) {
    const why = abort.signal.aborted
      ? { code: 'timeout', message: `No answer within ${timeoutMs} ms.` }
      : { code: 'network_error', message: String(error?.cause?.message ?? error?.message ?? error) };
    return { status: 0, body: { error: why }, waitMs: 0 };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The error in an answer.
 * @param {Answer} answer
 */
export function problemOf({ status, body }) {
  const { code, message } = body?.error ?? {};
  return { code: code ?? `http_${status}`, message: message ?? `The answer was ${status} and not understood.`, status };
}

/** Retry-After in ms; it may be in seconds, or a date by the server's clock. */
function waitOf(headers) {
  const asked = headers.get('Retry-After');
  if (!asked) return 0;
  const now = Date.parse(headers.get('Date')) || Date.now(); // Date is hidden from pages of other origins
  const wait = /^\s*\d+\s*$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - now;
  return Math.min(Math.max(wait || 0, 0), MAX_WAIT_MS);
}
