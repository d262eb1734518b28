// The usual broadcast of npm's ws: PORT, SIZE bytes to every client each second, RATE events a second each to each client.
// With the heartbeat of its README, but timed as in the service: every 25 seconds, some of the clients each second.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const { PORT, SIZE, RATE } = process.env;
const server = createServer((_, response) => response.end('{}'));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
const toAll = (text) => sockets.clients.forEach((client) => client.send(text));

setInterval(() => toAll(JSON.stringify({ type: 'dashboard_update', data: 'x'.repeat(Number(SIZE)) })), 1000);
if (Number(RATE)) {
  setInterval(() => {
    toAll(JSON.stringify({ type: 'event', seq: 1, data: { type: 'purchase', data: { sent: Date.now() / 1000 } } }));
  }, 1000 / RATE);
}

sockets.on('connection', (client) => {
  client.isAlive = true;
  client.on('pong', () => (client.isAlive = true));
});
let second = 0;
setInterval(() => {
  second += 1;
  let place = 0;
  for (const client of sockets.clients) {
    if (place++ % 25 !== second % 25) continue;
    if (!client.isAlive) {
      client.terminate();
      continue;
    }
    client.isAlive = false;
    client.ping();
  }
}, 1000);
server.listen(Number(PORT), '127.0.0.1');
