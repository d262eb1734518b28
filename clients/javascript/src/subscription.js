// Subscription of a live client, encoded in the address if possible, else in a message.

const ADDRESS_LIMIT = 2000;

/**
 * Names as a value for the address, or null if they cannot be encoded there.
 * @param {string | string[] | undefined} names
 */
function written(names) {
  if (!Array.isArray(names)) return names ?? 'all';
  if (names.length === 0) return 'none';
  const plain = names.every((name) => name === name.trim() && !name.includes(','));
  const joined = names.join(',');
  return plain && joined !== 'all' && joined !== 'none' ? joined : null;
}

/**
 * The query of the address, and whether it contains the whole subscription; if not, a message must follow.
 * @param {{ events?: string | string[], service?: string | string[], updates: string }} wanted
 * @param {number | null} since
 * @returns {{ query: string, isWhole: boolean }}
 */
export function query(wanted, since) {
  const events = written(wanted.events);
  const service = written(wanted.service);
  const whole = new URLSearchParams({ events, service, updates: wanted.updates });
  if (since !== null) whole.set('since', String(since));
  if (events !== null && service !== null && String(whole).length <= ADDRESS_LIMIT) {
    return { query: String(whole), isWhole: true };
  }
  return { query: String(new URLSearchParams({ events: 'none', updates: wanted.updates })), isWhole: false };
}

/**
 * The message with the whole subscription.
 * @param {{ events?: string | string[], service?: string | string[], updates: string }} wanted
 * @param {number | null} since
 */
export function message({ events = 'all', service = 'all', updates }, since) {
  return JSON.stringify({ type: 'subscribe', events, service, updates, ...(since === null ? {} : { since }) });
}
