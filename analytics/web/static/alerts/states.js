// States of alerts: their colours and words, and labels as text. Pure.

const STATES = {
  firing: { state: 'bad', text: 'firing' },
  error: { state: 'bad', text: 'error' },
  no_data: { state: 'warn', text: 'no data' },
  recovering: { state: 'warn', text: 'recovering' },
  pending: { state: 'warn', text: 'pending' },
  normal: { state: 'good', text: 'normal' },
};
const HIDDEN = ['alertname', 'severity'];
const MATCHER = /^\s*([a-zA-Z_][\w]*)\s*(=~|!~|!=|=)\s*(?:"((?:\\.|[^"\\])*)"|(\S+))(?:\s+|,|$)/;

/** How a state is shown: `{state, text}`. */
export const shownState = (name) => (Object.hasOwn(STATES, name) ? STATES[name] : { state: 'idle', text: name ?? '' });

/** Labels as text, without those that are shown elsewhere: service=shop, endpoint=/cart. */
export const labelsText = (labels, hidden = HIDDEN) => Object.entries(labels).filter(([name]) => !hidden.includes(name)).map(([name, value]) => `${name}=${value}`).join(', ');

/** Matchers of Alertmanager, from text such as `service=shop alertname=~"Slow.*"`; null where it is none. */
export function matchersOf(text) {
  const found = [];
  let rest = text.trim();
  while (rest) {
    const match = MATCHER.exec(rest);
    if (!match) return null;
    const [whole, name, sign, quoted, plain] = match;
    const value = quoted === undefined ? plain.replace(/,$/, '') : quoted.replaceAll(/\\(.)/g, '$1');
    found.push({ name, value, isRegex: sign.endsWith('~'), isEqual: !sign.startsWith('!') });
    rest = rest.slice(whole.length).trim();
  }
  return found.length ? found : null;
}

/** A matcher as text. */
export const matcherText = ({ name, value, isRegex, isEqual }) => `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}${JSON.stringify(value)}`;
