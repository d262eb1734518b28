// A view in the address of its page: a parameter for each part that differs from its default. Pure.

export const SPANS = { '15m': 900, '1h': 3600, '6h': 21_600, '24h': 86_400, '7d': 604_800 };
const AHEAD_MS = 1000; // clocks of senders may be a little ahead

export class Address {
  /** `defaults` has the text of each part of a view; `known` has the values that some parts may have. */
  constructor(defaults, known = {}) {
    Object.assign(this, { defaults, known });
  }

  /** The view in a query string; unknown values fall back to the defaults. */
  read(search) {
    const given = new URLSearchParams(search);
    const isKnown = (name) => given.has(name) && (this.known[name]?.includes(given.get(name)) ?? true);
    return Object.fromEntries(Object.entries(this.defaults).map(([name, value]) => [name, isKnown(name) ? given.get(name) : value]));
  }

  /** The query string of a view, without defaults. */
  write(view) {
    const query = new URLSearchParams(Object.entries(this.defaults).filter(([name, value]) => view[name] !== value).map(([name]) => [name, view[name]])).toString();
    return query ? `?${query}` : '';
  }
}

/** The range of a view as times in RFC 3339; `now` in milliseconds since the epoch. */
export function rangeOf({ span, from, to }, now) {
  if (from && to) return { from, to };
  return { from: new Date(now - SPANS[span] * 1000).toISOString(), to: new Date(now + AHEAD_MS).toISOString() };
}
