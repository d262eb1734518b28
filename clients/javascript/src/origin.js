// Address of the service, by default the one that served this script, and the key that it may contain.

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
 * Split an address such as `https://KEY@host/` into the address without a key and trailing slashes, and the key.
 * @param {string} address
 * @returns {{ url: string, key: string }}
 */
export function split(address) {
  const url = String(address).replace(/\/+$/, '');
  const found = /^(https?:\/\/)([^@/?#]*)@(.*)$/.exec(url);
  if (!found) return { url, key: '' };
  const [user, password] = found[2].split(':');
  return { url: found[1] + found[3], key: password || user };
}
