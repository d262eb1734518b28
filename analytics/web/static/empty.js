// Start page before the first event: how to send one, and how to run the demo; then a confirmation.

import { home } from './api.js';
import { byId, el, set, setState, setText, icon } from './dom.js';

// Twenty requests, one each half second: enough to see the chart move.
const samples = (url, isKeyRequired) => [
  [
    'curl',
    `for n in $(seq 20); do
  curl -X POST ${url}/events \\
    -H "Content-Type: application/json" \\${isKeyRequired ? '\n    -H "Authorization: Bearer KEY" \\' : ''}
    -d '{"type": "request", "service": "web", "user_id": "me",
         "data": {"endpoint": "/", "status": 200, "latency": '$((10 + n))'}}'
  sleep 0.5
done`,
  ],
  [
    'JavaScript',
    `const { AnalyticsClient } =
  await import('${url}/sdk/analytics.js');

const analytics = new AnalyticsClient({ service: 'web'${isKeyRequired ? ", key: 'KEY'" : ''} });
for (let n = 1; n <= 20; n += 1) {
  const request = { endpoint: '/', status: 200, latency: 10 + n };
  await analytics.trackEvent('request', request, 'me');
  await new Promise((done) => setTimeout(done, 500));
}`,
  ],
  [
    'Python',
    `import time
import requests
${isKeyRequired ? '\nheaders = {"Authorization": "Bearer KEY"}' : ''}
for n in range(20):
    event = {"type": "request", "service": "web", "user_id": "me"}
    event["data"] = {"endpoint": "/", "status": 200, "latency": 10 + n}
    answer = requests.post("${url}/events", json=event,${isKeyRequired ? ' headers=headers,' : ''} timeout=5)
    answer.raise_for_status()
    time.sleep(0.5)`,
  ],
];

export class Empty {
  /** `onFirst` is called when the first event arrives while the start page is shown. */
  constructor(onFirst, access) {
    Object.assign(this, { onFirst, access });
    this.root = byId('empty');
    this.isEmpty = null;
  }

  /** Show the instructions while there is no data, and a confirmation when the first arrives. */
  show(snapshot) {
    const { overview, services, realtime_stats: now } = snapshot;
    const isEmpty = Object.keys(services).length === 0 && overview.total_requests === 0 && now.recent_events.length === 0;
    if (isEmpty === this.isEmpty) return;
    const isFirst = this.isEmpty === true;
    this.isEmpty = isEmpty;
    for (const id of ['board', 'verdict', 'range-bar']) set(byId(id), 'hidden', isEmpty);
    if (isEmpty) this.#teach();
    else if (isFirst) {
      this.#received(now.recent_events[0], Object.keys(services)[0]);
      this.onFirst();
    }
  }

  #teach() {
    const origin = home();
    this.state = el('p', { className: 'state waiting', 'data-state': 'idle', role: 'status' }, icon('idle'), el('span', {}, 'waiting for the first event…'));
    const { isKeyRequired } = this.access;
    const demo = `${isKeyRequired ? 'ANALYTICS_KEY=KEY ' : ''}.venv/bin/python -m analytics demo${origin === 'http://localhost:8099' ? '' : ` --url ${origin}`}`;
    this.lessons = el(
      'div',
      { className: 'lessons' },
      ...samples(origin, isKeyRequired).map(([title, code]) => lesson(title, code)),
      lesson('Or let a whole demo shop come alive', demo, 'Services, traffic, incidents and 90 days of history, until you press Ctrl-C.'),
    );
    const title = el('h2', { id: 'empty-title', className: 'hidden' }, 'First event');
    this.key = el('p', { hidden: !isKeyRequired }, 'KEY is a key with the scope ingest, made with ', el('code', {}, 'analytics keys create --name web --scope ingest'), '.');
    this.root.replaceChildren(title, this.state, this.key, this.lessons);
    set(this.root, 'hidden', false);
  }

  #received(event, service) {
    setState(this.state, 'good', event ? `received: ${event.type} from ${event.service}` : `received: ${service} reports`);
    const close = el('button', { type: 'button' }, 'Close');
    close.addEventListener('click', () => set(this.root, 'hidden', true));
    this.state.append(close);
    this.key.remove();
    this.lessons.remove();
  }
}

function lesson(title, code, about = '') {
  const copy = el('button', { type: 'button', 'aria-label': `Copy ${title}` }, 'Copy');
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code);
      setText(copy, 'Copied');
    } catch {
      getSelection().selectAllChildren(text);
      setText(copy, 'Selected');
    }
    setTimeout(() => setText(copy, 'Copy'), 2000);
  });
  const text = el('pre', { tabIndex: 0, 'aria-label': title }, code);
  return el('section', { className: 'lesson', 'aria-label': title }, el('div', { className: 'head' }, el('h3', {}, title), copy), ...(about ? [el('p', { className: 'soft' }, about)] : []), text);
}
