// HTTP requests of the page to the service; the live connection is separate.

const NO_WEBSOCKET = 'The service answers, but no WebSocket to it can be opened; trying again. A proxy in front must pass on the headers Upgrade and Connection.';

/** Dispatches `refused` when a request was answered with 401: the session has ended, or keys are required now. */
export const refusals = new EventTarget();

/** Fetch `path`, with the arguments that are set. */
export async function request(path, asked = {}, options = {}) {
  const response = await fetch(address(path, asked), options);
  if (response.status === 401) refusals.dispatchEvent(new Event('refused'));
  return response;
}

/** Fetch JSON from `path`, with the arguments that are set. Throws if the service answers with an error: its message, `status` and `fields`. */
export async function ask(path, asked = {}, signal = undefined) {
  const response = await request(path, asked, { signal, headers: { Accept: 'application/json' } });
  if (!response.ok) {
    const body = await response.json().catch(() => null); // the error of a proxy is not JSON
    throw Object.assign(new Error(body?.error?.message ?? `${path} answered ${response.status}`), { status: response.status, fields: body?.error?.fields ?? {} });
  }
  return response.json();
}

/** Address of the service without a trailing slash; it may include a base path. */
export const home = () => new URL('.', location.href).href.slice(0, -1);

/**
 * Find out why the live connection fails: a sentence, and whether the reason is that this page may not connect.
 * Browsers hide why a WebSocket was refused, so this sends OPTIONS to the other live path, which has the same check.
 */
export async function whyNot() {
  try {
    const asked = await fetch(address('/socket.io/'), { method: 'OPTIONS', cache: 'no-store' });
    if (asked.status === 403) {
      const body = await asked.json().catch(() => null); // a 403 of a proxy is not JSON
      if (body?.error?.code === 'origin_not_allowed') return { text: body.error.message, isRefused: true };
    }
    const response = await fetch(address('/health/ready'), { cache: 'no-store' });
    const reasons = ((await response.json()).reasons ?? []).join(', ');
    return { text: reasons ? `Not yet: ${reasons}.` : NO_WEBSOCKET, isRefused: false };
  } catch {
    return { text: 'The service does not answer; trying again.', isRefused: false };
  }
}

/** `path` (with a leading slash) relative to the page, with a query string of the arguments that are set. */
export function address(path, asked = {}) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  const text = query.toString();
  return text ? `.${path}?${text}` : `.${path}`;
}

/** Path of a service's metrics, or of another resource of the service. */
export const ofService = (name, part = 'metrics') => `/services/${encodeURIComponent(name)}/${part}`;

/** Seconds since the epoch in the format of /series. */
export const iso = (seconds) => new Date(seconds * 1000).toISOString();

/** Runs tasks in order, with a limit on how many run at a time. */
export class TaskQueue {
  constructor(width) {
    this.free = width;
    this.waiting = [];
  }

  /** Queue `task`; resolves with its result. */
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
