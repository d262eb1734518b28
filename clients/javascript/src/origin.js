// Default address of the service: the one that served this script.

const LOCAL = 'http://localhost:8099';
const SERVED = /^(https?:\/\/.*)\/sdk\/analytics(\.classic)?\.js(\?|#|$)/;

/**
 * Address of the service for a script at `script`: the server of the script, else the page's origin, else localhost.
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
 * `url` without trailing slashes.
 * @param {string} url
 */
export function trimmed(url) {
  return String(url).replace(/\/+$/, '');
}
