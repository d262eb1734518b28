// Access: who is signed in, the form that asks for a key while reading is locked, and signing out.
// The key is sent once, for a session whose cookie scripts cannot read; the page keeps it nowhere.

import { address, ask, refusals } from './api.js';
import { byId, set, setText } from './dom.js';

const UNKNOWN = { who: '', scopes: ['ingest', 'read'], keys_required: false }; // the service does not answer yet
const ENDED = 'Your session has ended: sign in again.';
const NOT_KEPT = 'The key is accepted, but the browser did not keep the session: open this page over https, or on the machine of the service.';
const NO_ANSWER = 'The service does not answer; try again.';

export class Access {
  /** `onOpen` is called once this page may read. */
  constructor(onOpen) {
    Object.assign(this, { onOpen, session: UNKNOWN, isOpen: false, checking: null });
    this.section = byId('sign-in');
    this.form = byId('sign-in-form');
    this.key = this.form.elements.key;
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#signIn();
    });
    byId('sign-out').addEventListener('click', () => this.#signOut());
    refusals.addEventListener('refused', () => this.check());
  }

  get isKeyRequired() {
    return this.session.keys_required;
  }

  /** Whether annotations may be added and deleted. */
  get mayEdit() {
    return this.session.scopes.includes('ingest');
  }

  /** Whether rules may be added, changed and deleted. */
  get mayConfigure() {
    return this.session.scopes.includes('admin');
  }

  /** Open the page if it may read, else the form. */
  async start() {
    await this.#load();
    if (this.#mayRead) this.#open();
    else this.#ask();
  }

  /** Ask again after a refusal; if the session has ended, the page begins anew with the form. */
  check() {
    if (this.isOpen) this.checking ??= this.#check();
    return this.checking;
  }

  get #mayRead() {
    return this.session.scopes.includes('read');
  }

  async #check() {
    await this.#load();
    if (this.#mayRead) {
      this.#tellWho();
      this.checking = null;
    } else {
      begin({ hasEnded: true });
    }
  }

  async #load() {
    try {
      const response = await fetch(address('/session'), { cache: 'no-store' });
      if (response.ok) this.session = await response.json();
    } catch {
      // keep the current state
    }
  }

  #open() {
    this.isOpen = true;
    if (history.state?.hasEnded) history.replaceState(null, '');
    document.body.classList.remove('locked');
    set(this.section, 'hidden', true);
    this.#tellWho();
    if (!this.isKeyRequired) this.#warn();
    this.onOpen();
  }

  /** Show the form. */
  #ask() {
    document.body.classList.add('locked');
    document.title = 'Sign in – Analytics';
    set(this.section, 'hidden', false);
    set(byId('sign-in-provider'), 'hidden', !this.session.oidc);
    const { sign_in_failure: failure } = this.session;
    if (failure || history.state?.hasEnded) setText(byId('sign-in-error'), failure ?? ENDED);
    this.key.focus();
  }

  #tellWho() {
    set(byId('who'), 'hidden', !this.isKeyRequired);
    setText(byId('who-name'), this.session.who);
    set(byId('who-name'), 'title', this.session.who);
    const add = byId('annotations-add'); // the dashboard alone has it
    if (add) set(add, 'hidden', !this.mayEdit);
  }

  /** Show why the service should not be run like this, if it says so. */
  async #warn() {
    const { access } = await ask('/health').catch(() => ({}));
    setText(byId('warning-text'), access?.warning ?? '');
    set(byId('warning'), 'hidden', !access?.warning);
  }

  async #signIn() {
    const button = this.form.querySelector('button');
    set(button, 'disabled', true);
    setText(byId('sign-in-error'), '');
    const problem = await this.#problemWith(this.key.value.trim());
    set(button, 'disabled', false);
    if (problem) {
      setText(byId('sign-in-error'), problem);
      this.key.setAttribute('aria-invalid', 'true');
      this.key.select();
      return;
    }
    this.form.reset();
    this.key.removeAttribute('aria-invalid');
    this.#open();
    byId('main').focus({ preventScroll: true });
  }

  /** Sign in with `key`; returns why that did not work, or an empty text. */
  async #problemWith(key) {
    try {
      const response = await fetch(address('/session'), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ key }) });
      if (!response.ok) return (await response.json().catch(() => null))?.error?.message ?? `The service answered ${response.status}; try again.`;
    } catch {
      return NO_ANSWER;
    }
    await this.#load();
    return this.#mayRead ? '' : NOT_KEPT;
  }

  async #signOut() {
    this.isOpen = false; // what is refused from now on is no session that has ended
    try {
      const response = await fetch(address('/session'), { method: 'DELETE' });
      if (!response.ok) throw new Error(response.status);
    } catch {
      this.isOpen = true;
      setText(byId('sign-out'), 'Try again');
      return;
    }
    begin(null);
  }
}

/** Load the page anew, so that nothing stays that the next reader may not see. The address, and so the view, stays. */
function begin(state) {
  history.replaceState(state, '');
  location.reload();
}
