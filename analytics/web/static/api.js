// What the page asks the service, beside the live connection.

/** The JSON at `path`, with the arguments that are set. Throws when the service does not answer well. */
export async function ask(path, asked = {}, signal = undefined) {
  const response = await fetch(address(path, asked), { signal, headers: { Accept: 'application/json' } });
  if (!response.ok) throw Object.assign(new Error(`${path} answered ${response.status}`), { status: response.status });
  return response.json();
}

/** Why the service is not ready for work, in its own words; '' where it does not say. */
export async function whyNot() {
  try {
    const response = await fetch('/health/ready', { cache: 'no-store' });
    return (await response.json()).reasons.join(', ');
  } catch {
    return '';
  }
}

/** `path` with a query string of the arguments that are set. */
export function address(path, asked = {}) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** A service's own address. */
export const ofService = (name) => `/services/${encodeURIComponent(name)}/metrics`;

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
