// How to send the first event, in several languages; loaded where there are no events yet.

import { el, setText } from './dom.js';

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

/** The lessons for the service at `origin`. */
export function lessons(origin, isKeyRequired) {
  const demo = `${isKeyRequired ? 'ANALYTICS_KEY=KEY ' : ''}.venv/bin/python -m analytics demo${origin === 'http://localhost:8099' ? '' : ` --url ${origin}`}`;
  return [
    ...samples(origin, isKeyRequired).map(([title, code]) => lesson(title, code)),
    lesson('Or let a whole demo shop come alive', demo, 'Services, traffic, incidents and 90 days of history, until you press Ctrl-C.'),
  ];
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
