// Unique ids.

/** A random UUID; pages without TLS have no `crypto.randomUUID`. */
export function newId() {
  const { crypto } = globalThis;
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
