// Ids that no other client makes.

/** A random id; pages that are not served over TLS have no `randomUUID`. */
export function newId() {
  const { crypto } = globalThis;
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
