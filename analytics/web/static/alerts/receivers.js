// Receivers of messages, each with a button that sends a test message and shows what the other side answered.

import { el, icon } from '../dom.js';
import { ms } from '../format.js';
import { action, card } from './cards.js';
import { said, send } from './sources.js';

/** A receiver; `mayTest` tells whether the reader may send test messages. */
export function receiverCard({ id, type }, mayTest) {
  const outcome = el('p', { role: 'status' });
  const button = action('Send a test message', 'test', async () => {
    const [state, text] = await tried(id);
    outcome.className = 'state';
    outcome.dataset.state = state;
    outcome.replaceChildren(icon(state), el('span', {}, text));
  });
  return card('idle', [el('span', {}, id), ' ', el('span', { className: 'soft' }, type)], [], mayTest ? el('p', { className: 'buttons' }, button) : null, outcome);
}

async function tried(id) {
  try {
    const { delivered, answer, seconds } = await send('POST', `/receivers/${encodeURIComponent(id)}/test`);
    return [delivered ? 'good' : 'bad', `${delivered ? 'Taken' : 'Not taken'} after ${ms(seconds * 1000)}: ${answer}`];
  } catch (error) {
    return ['bad', said(error)];
  }
}
