// Verdict at the top of the page, with links to the services in it, and the title of the window.

import { setTitle } from './bell.js';
import { byId, el, onClick, setState } from './dom.js';
import { count, utc } from './format.js';
import { rangeVerdict } from './rangeverdict.js';
import { withService } from './url.js';
import { NAMED, sinceOf, verdict } from './verdict.js';

export class Headline {
  /** `onOpen` is called with the name of a service that was chosen. */
  constructor(view, onOpen) {
    this.view = view;
    this.onOpen = onOpen;
    this.place = byId('verdict');
    this.named = NAMED;
    this.sentence = '';
  }

  /**
   * Show the verdict on `services` as of now, and what was unusual in the `loaded` range where that is compared with another
   * one; or if it stands still, the verdict on the range alone. `wrong` has problems of services by name, and `opened` is the
   * name of the service in view.
   */
  show(services, wrong, connection, opened, loaded) {
    this.again = () => this.show(services, wrong, connection, opened, loaded);
    const current = verdict(Object.values(services), wrong, new Date(), this.named);
    const isPast = loaded !== null && !loaded.range.isLive;
    const { state, lead, parts, more } = isPast ? this.#ofRange(loaded) : current;
    const stale = connection.isLive ? '' : `${connection.refusal && `${connection.refusal} `}As last heard: `;
    const name = opened || current.parts[0]?.service;
    setTitle(`${current.troubled ? `(${current.troubled}) ` : ''}${name ? `${name} – ` : ''}Analytics`);
    const said = (some) => some.map(({ service, text }) => `${service} ${text}`).join('; ');
    const ranged = isPast || !loaded?.other ? null : this.#ofRange(loaded);
    const before = (ranged?.parts ?? []).filter(({ service }) => !parts.some((each) => each.service === service));
    const sentence = `${stale}${lead}${said(parts)}${more ? ` and ${more} more` : ''}${before.length ? ranged.lead : ''}${said(before)}`;
    const key = sentence + withService(this.view, '');
    if (this.sentence === key) return;
    this.sentence = key;
    const hadFocus = this.place.contains(document.activeElement) && document.activeElement.matches('button');
    setState(this.place, stale && state === 'good' ? 'idle' : state); // without a connection it is unknown whether this is still true
    const since = (service) => (isPast || !services[service] ? null : sinceOf(services[service], wrong.get(service)));
    const words = this.#links(parts, since);
    const fold = more || parts.length > NAMED ? [more ? ', ' : '; ', this.#foldButton(more)] : [];
    this.place.querySelector('span').replaceChildren(stale + lead, ...words, ...fold, parts.length ? '.' : '', ...(before.length ? [` ${ranged.lead}`, ...this.#links(before, () => null), '.'] : []));
    if (hadFocus) this.place.querySelector('button')?.focus();
  }

  /** The parts of a verdict, each with a link to its service. */
  #links(parts, since) {
    return parts.flatMap(({ service, text }, index) => {
      const link = el('a', { href: withService(this.view, service) }, service);
      onClick(link, () => this.onOpen(service));
      const at = since(service);
      return [index ? '; ' : '', link, el('span', { title: at ? utc(at) : '' }, ` ${text}`)];
    });
  }

  #ofRange(loaded) {
    const { parts, ...rest } = rangeVerdict(loaded);
    return { ...rest, parts: parts.slice(0, this.named), more: Math.max(0, parts.length - this.named) };
  }

  /** The button that names all services in trouble, or only the worst again. */
  #foldButton(more) {
    const button = el('button', { type: 'button', 'aria-expanded': String(more === 0) }, more ? `and ${count(more)} more` : 'name fewer');
    button.addEventListener('click', () => {
      this.named = more ? Infinity : NAMED;
      this.again();
    });
    return button;
  }
}
