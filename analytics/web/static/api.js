// What the page asks the service, beside the live connection.

const NO_WEBSOCKET = 'The service answers, but no WebSocket to it can be opened; trying again. A proxy in front must pass on the headers Upgrade and Connection.';

/** The JSON at `path`, with the arguments that are set. Throws when the service does not answer well. */
export async function ask(path, asked = {}, signal = undefined) {
  const response = await fetch(address(path, asked), { signal, headers: { Accept: 'application/json' } });
  if (!response.ok) throw Object.assign(new Error(`${path} answered ${response.status}`), { status: response.status });
  return response.json();
}

/** The service's address, without a slash at its end: it may be reached below a path. */
export const home = () => new URL('.', location.href).href.slice(0, -1);

/**
 * Why the service can't be reached live, in a sentence, and whether that is because this page may not connect.
 * Browsers do not tell why a WebSocket was refused; OPTIONS of the other live path passes the same check, and does.
 */
export async function whyNot() {
  try {
    const asked = await fetch(address('/socket.io/'), { method: 'OPTIONS', cache: 'no-store' });
    if (asked.status === 403) {
      const told = await asked.json().catch(() => null); // a proxy's own 403 is no JSON
      if (told?.error?.code === 'origin_not_allowed') return { text: told.error.message, isRefused: true };
    }
    const response = await fetch(address('/health/ready'), { cache: 'no-store' });
    const reasons = (await response.json()).reasons.join(', ');
    return { text: reasons ? `Not yet: ${reasons}.` : NO_WEBSOCKET, isRefused: false };
  } catch {
    return { text: 'The service does not answer; trying again.', isRefused: false };
  }
}

/** `path`, which begins with a slash, relative to the page, with a query string of the arguments that are set. */
export function address(path, asked = {}) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  const text = query.toString();
  return text ? `.${path}?${text}` : `.${path}`;
}

/** The address of a service's metrics, or of another part of it. */
export const ofService = (name, part = 'metrics') => `/services/${encodeURIComponent(name)}/${part}`;

/** Seconds since the epoch as /series takes them. */
export const iso = (seconds) => new Date(seconds * 1000).toISOString();

/** Runs tasks, few at a time, in the order in which they were given. */
export class Lane {
  constructor(width) {
    this.free = width;
    this.waiting = [];
  }

  /** Run `task` when its turn comes; resolves with what it gives. */
  run(task) {
    return new Promise((resolve, reject) => {
      this.waiting.push(() => task().then(resolve, reject).finally(() => this.#next()));
      if (this.free > 0) {
        this.free -= 1;
        this.waiting.shift()();
      }
    });
  }

  #next() {
    const task = this.waiting.shift();
    if (task) task();
    else this.free += 1;
  }
}
