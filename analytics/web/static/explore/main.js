// Explore: a question about events, which is in the address, and its answer.

import { Access } from '../access.js';
import { request } from '../api.js';
import { Bell } from '../bell.js';
import { byId, set, setState, setText } from '../dom.js';
import { startSwitches } from '../switches.js';
import { inUtc, toInput, zone } from '../zone.js';
import { Answer } from './answer.js';
import { QuestionForm } from './form.js';
import { bodyOf, read, write } from './question.js';

const form = new QuestionForm(() => {
  const url = `${location.pathname}${write(form.read())}`;
  if (url !== location.pathname + location.search) history.pushState(null, '', url);
  show();
});
const answer = new Answer();
let asking = null;

/** Ask the question of the form, and show its answer. */
async function show() {
  const view = form.read();
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const body = bodyOf(view, Date.now());
  answer.wait();
  tell('');
  try {
    const response = await request('/explore', {}, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal: mine.signal });
    const found = await response.json();
    if (!response.ok) throw new Error(found.error.message);
    answer.show(view, body, found);
  } catch (error) {
    if (mine !== asking) return;
    answer.clear();
    tell(error instanceof SyntaxError || error instanceof TypeError ? 'The service does not answer; try again.' : error.message);
  }
}

function tell(problem) {
  const note = byId('problem');
  set(note, 'hidden', !problem);
  if (problem) setState(note, 'bad', problem);
}

function open() {
  const view = read(location.search);
  form.show(view);
  if (view.question !== 'funnel' || view.steps.some((step) => step.trim())) show();
  else answer.clear();
}

byId('copy').addEventListener('click', async () => {
  const copied = await navigator.clipboard.writeText(new URL(`${location.pathname}${write(form.read())}`, location.href)).then(() => true, () => false);
  setText(byId('copied'), copied ? 'Copied.' : 'The browser did not allow it: copy the address of this page.');
});
addEventListener('popstate', open);
zone.addEventListener('change', () => {
  const view = form.read();
  for (const name of ['from', 'to']) if (view[name]) view[name] = toInput(Date.parse(`${view[name]}${inUtc() ? '' : 'Z'}`) / 1000); // entered in the other zone
  form.show(view);
});
startSwitches();
new Access(() => {
  open();
  new Bell().start();
}).start();
