// Verdict at the top of the page, with links to the services in it, and the title of the window.

import { byId, el, onClick, setState } from './dom.js';
import { count, utc } from './format.js';
import { NAMED, sinceOf, verdict } from './verdict.js';

export class Headline {
  /** `onOpen` is called with the name of a service that was chosen. */
  constructor(onOpen) {
    this.onOpen = onOpen;
    this.place = byId('verdict');
    this.named = NAMED;
    this.sentence = '';
  }

  /** Show the verdict on `services`; `wrong` has their problems by name, and `opened` is the name of the service in view. */
  show(services, wrong, connection, opened) {
    this.again = () => this.show(services, wrong, connection, opened);
    const { troubled, state, lead, parts, more } = verdict(Object.values(services), wrong, new Date(), this.named);
    const stale = connection.isLive ? '' : `${connection.refusal && `${connection.refusal} `}As last heard: `;
    const name = opened || parts[0]?.service;
    document.title = `${troubled ? `(${troubled}) ` : ''}${name ? `${name} – ` : ''}Analytics`;
    const sentence = stale + lead + parts.map(({ service, text }) => `${service} ${text}`).join('; ') + (more ? ` and ${more} more` : '');
    if (this.sentence === sentence) return;
    this.sentence = sentence;
    const hadFocus = this.place.contains(document.activeElement) && document.activeElement.matches('button');
    setState(this.place, stale && state === 'good' ? 'idle' : state); // without a connection it is unknown whether this is still true
    const words = parts.flatMap(({ service, text }, index) => {
      const link = el('a', { href: `?${new URLSearchParams({ service })}` }, service);
      onClick(link, () => this.onOpen(service));
      const since = sinceOf(services[service], wrong.get(service));
      return [index ? '; ' : '', link, el('span', { title: since ? utc(since) : '' }, ` ${text}`)];
    });
    const fold = troubled > NAMED ? [more ? ', ' : '; ', this.#foldButton(more)] : [];
    this.place.querySelector('span').replaceChildren(stale + lead, ...words, ...fold, parts.length ? '.' : '');
    if (hadFocus) this.place.querySelector('button')?.focus();
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
