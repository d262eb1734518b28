// A group of errors as a row, which opens to show its facts, its newest errors, and what can be done about it.

import { ask } from '../api.js';
import { action, moment } from '../alerts/cards.js';
import { el, icon, setText } from '../dom.js';
import { count, plural, stamp } from '../format.js';
import { plain } from '../logs/view.js';
import { linksOf, linksOfGroup } from './view.js';

/** Icon and word of each state. */
const STATES = { open: ['warn', 'open'], regressed: ['bad', 'came back'], resolved: ['good', 'resolved'], muted: ['idle', 'muted'] };
/** What can be done in each state: the text of a button, and the state that it chooses. */
const ACTIONS = {
  open: [['Resolve', 'resolved'], ['Mute', 'muted']],
  regressed: [['Resolve', 'resolved'], ['Mute', 'muted']],
  resolved: [['Open again', 'open']],
  muted: [['Unmute', 'open']],
};

/** A row; `onChange` is called with the group and its new state and assignee, null for readers who may not change it; `onOpen` with whether it is open. */
export function groupRow(group, onChange, onOpen) {
  const [state, word] = STATES[group.state];
  const { first, last } = group.found;
  const summary = el(
    'summary',
    {},
    el('span', { className: 'times' }, `${count(group.found.count)} ×`),
    el('span', { className: 'state of-group', 'data-state': state }, icon(state), `${word}${group.regressed_in ? ` in ${group.regressed_in}` : ''}${group.assignee ? `, ${group.assignee}` : ''}`),
    el('span', { className: 'what' }, el('strong', { className: 'of' }, group.type), ' ', el('span', { className: 'of' }, plain(group.message).replaceAll('<_>', '…'))),
    el('span', { className: 'soft of where' }, Object.keys(group.services).join(', '), group.versions.length ? ` ${group.versions[0]}` : ''),
    el('span', { className: 'soft when' }, ...(first === last ? [] : [moment(first, stamp(new Date(first))), ' – ']), moment(last, stamp(new Date(last)))),
  );
  const details = el('details', {}, summary);
  details.addEventListener('toggle', () => {
    onOpen(details.open);
    if (details.open && details.childElementCount === 1) details.append(opened(group, onChange));
  });
  return el('li', {}, details);
}

function opened(group, onChange) {
  const errors = el('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Newest errors' }, el('p', { className: 'soft' }, 'Loading…'));
  showErrors(group, errors);
  const facts = {
    'In all': group.count === group.found.count ? '' : `${plural(group.count, 'error')} since ${stamp(new Date(group.first))}`,
    Place: group.frame,
    Services: Object.entries(group.services).map(([name, errors_]) => `${name} ${count(errors_)}`).join(', '),
    Versions: group.versions.join(', '),
    Users: group.users ? plural(group.users, 'user') : '',
    Fingerprint: group.fingerprint,
  };
  const known = Object.entries(facts).filter(([, value]) => value);
  return el(
    'div',
    { className: 'opened' },
    el('p', { className: 'buttons' }, ...(onChange ? [...ACTIONS[group.state].map(([text, state]) => action(text, state, () => onChange(group, { state, assignee: group.assignee }))), assignForm(group, onChange)] : []), ...linksOfGroup(group).map(([text, href]) => el('a', { href }, text))),
    el('dl', { className: 'facts' }, ...known.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
    el('h3', {}, 'Newest errors'),
    errors,
  );
}

function assignForm(group, onChange) {
  const input = el('input', { name: 'assignee', value: group.assignee ?? '', maxLength: 128, placeholder: 'nobody', 'aria-label': 'Who takes care of it' });
  const form = el('form', { className: 'assign', autocomplete: 'off' }, input, el('button', { type: 'submit' }, 'Assign'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const state = group.state === 'regressed' ? 'open' : group.state; // only people's states are recorded
    onChange(group, { state, assignee: input.value.trim() });
  });
  return form;
}

async function showErrors({ fingerprint }, place) {
  const found = await ask('/errors', { fingerprint, limit: 1 }).catch(() => null);
  if (found === null) {
    setText(place.firstChild, 'They could not be loaded: close the group, and open it again.');
    return;
  }
  const errors = found.groups[0]?.samples ?? [];
  const heads = ['Time', 'Service', 'Message', 'Version', 'User', 'See'];
  const rows = errors.map((error) => el('tr', {}, el('td', {}, moment(error.time, stamp(new Date(error.time)))), el('td', { className: 'of' }, error.service), el('td', { className: 'of message' }, plain(error.message)), el('td', { className: 'of' }, error.version ?? ''), el('td', { className: 'of' }, error.user_id ?? ''), el('td', {}, ...linksOf(error).flatMap(([text, href], index) => [index ? ' · ' : '', el('a', { href }, text)]))));
  place.replaceChildren(errors.length ? el('table', { className: 'samples' }, el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))), el('tbody', {}, ...rows)) : el('p', { className: 'soft' }, 'None is kept any more.'));
}
