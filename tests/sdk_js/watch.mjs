// Prints the events of a LiveClient with the given OPTIONS, one JSON array per line, until its input closes.
import { LiveClient } from '../../analytics/web/sdk/analytics.js';

const retry = { floor: 20, base: 50, cap: 200 };
const live = new LiveClient({ baseUrl: process.env.BASE_URL, retry, ...JSON.parse(process.env.OPTIONS) });
const say = (...line) => console.log(JSON.stringify(line));
live.addEventListener('snapshot', ({ detail: { gap, data } }) => say('snapshot', gap, data.overview.total_requests));
live.addEventListener('update', ({ detail: { data } }) => say('update', data));
live.addEventListener('event', ({ detail: { data } }) => say('event', data.type));
live.addEventListener('refused', ({ detail: { code, status } }) => say('refused', code, status));
live.addEventListener('state', ({ detail: { state } }) => say('state', state));
live.start();
process.stdin.resume().on('end', () => live.close());
