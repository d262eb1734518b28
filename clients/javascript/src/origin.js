// Where the service is, unless told: where this script came from.

const LOCAL = 'http://localhost:8099';
const SERVED = /^(https?:\/\/.*)\/sdk\/analytics(\.classic)?\.js(\?|#|$)/;

/**
 * The service that a script at `script` belongs to: whatever served it, else the page's own origin, else this machine.
 * @param {string} script
 * @param {string | undefined} page
 * @returns {string}
 */
export function serviceOf(script, page) {
  const served = SERVED.exec(script);
  if (served) return served[1];
  for (const address of [script, page]) {
    if (address && /^https?:/.test(address)) return new URL(address).origin;
  }
  return LOCAL;
}

export const defaultUrl = serviceOf(import.meta.url, globalThis.location?.href);

/**
 * `url` without the slashes at its end.
 * @param {string} url
 */
export function trimmed(url) {
  return String(url).replace(/\/+$/, '');
}
