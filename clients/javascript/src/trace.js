// W3C Trace Context: requests of a page carry `traceparent`, so that the services behind them name the same trace.

/** A new `traceparent` in the trace `traceId`. */
export function traceparent(traceId) {
  return `00-${traceId}-${hex(8)}-01`;
}

/** `bytes` random bytes as hexadecimal digits, not all of them zeros. */
export function hex(bytes) {
  const digits = Array.from(globalThis.crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  return /[1-9a-f]/.test(digits) ? digits : hex(bytes);
}

/**
 * Add `traceparent` to requests of `fetch` to these origins that have none.
 * @param {string[]} origins
 * @param {() => string} traceId
 * @returns {() => void} restores `fetch`
 */
export function traceFetch(origins, traceId) {
  const before = globalThis.fetch;
  const base = globalThis.location?.href;
  const own = new Set(origins.map((origin) => new URL(origin, base).origin));
  const traced = (input, init) => {
    let more = init;
    try {
      const isRequest = typeof Request === 'function' && input instanceof Request;
      if (own.has(new URL(isRequest ? input.url : String(input), base).origin)) {
        const headers = new Headers(init?.headers ?? (isRequest ? input.headers : undefined));
        if (!headers.has('traceparent')) headers.set('traceparent', traceparent(traceId()));
        more = { ...init, headers };
      }
    } catch {
      // not a valid address or header: fetch itself says so
    }
    return before.call(globalThis, input, more);
  };
  globalThis.fetch = traced;
  return () => {
    if (globalThis.fetch === traced) globalThis.fetch = before; // else somebody has wrapped it
  };
}
