// What the page shows, from the service: parts that it does not have are null.

import { request } from '../api.js';

/** The JSON at a path; null where there is no such route. */
export async function load(path, asked = {}) {
  const response = await request(path, asked, { headers: { Accept: 'application/json' } });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error((await response.json().catch(() => null))?.error?.message ?? `${path} answered ${response.status}`);
  return response.json();
}

/** Send JSON; returns the answer, null without one. Throws with the message of the service. */
export async function send(method, path, body = undefined, signal = undefined) {
  const options = { method, signal, ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }) };
  const response = await request(path, {}, options);
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Error(answer?.error?.message ?? `The service answered ${response.status}.`);
  return answer;
}

/** The sentence for an error of one of these. */
export const said = (error) => (error instanceof TypeError ? 'The service does not answer; try again.' : error.message);
