// A service that fails on demand, and counts each id once like the real one.
import { createServer } from 'node:http';

const read = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
};

const problem = (code, message) => JSON.stringify({ error: { code, message } });

const breakOff = (response) => {
  response.writeHead(200, { 'Content-Length': 100 }).write('{"accepted": 1', () => response.socket.destroy());
};

/** Behaviours for one request each; without any left, everything is accepted. */
export const fail = {
  status: (status, headers = {}, body = problem('scripted', 'As scripted.')) => ({ status, headers, body }),
  hang: { hang: true },
  reset: { reset: true },
  /** A truncated answer. */
  short: { short: true },
  /** The items are counted, but the answer is lost. */
  resetAfterwards: { reset: true, isCounted: true },
};

export class FakeService {
  constructor({ maxBody = Infinity, believesTimes = true } = {}) {
    this.maxBody = maxBody;
    this.believesTimes = believesTimes;
    this.behaviours = [];
    this.isFaulty = true; // answers 500 if an item has `fault` in its data
    this.counted = new Map();
    this.requests = [];
  }

  async start(port = 0) {
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async answer(request, response) {
    const text = await read(request);
    const items = JSON.parse(text);
    this.requests.push({ path: request.url, items, at: Date.now(), type: request.headers['content-type'], key: request.headers['x-api-key'] });
    const behaviour = this.behaviours.shift();
    if (behaviour?.isCounted) this.take(items);
    if (behaviour?.hang) return;
    if (behaviour?.reset) request.socket.resetAndDestroy();
    else if (behaviour?.short) breakOff(response);
    else if (this.isFaulty && [items].flat().some(({ data }) => data?.fault)) response.writeHead(500).end();
    else if (behaviour) response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
    else if (text.length > this.maxBody) response.writeHead(413).end(problem('body_too_large', 'Too large.'));
    else if (!Array.isArray(items)) response.end('{"message":"heartbeat received"}');
    else response.end(JSON.stringify(this.take(items)));
  }

  take(items) {
    const receipt = { accepted: 0, duplicates: 0, rejected: 0, errors: [] };
    items.forEach((item, index) => {
      if (item.type === '') {
        receipt.rejected += 1;
        receipt.errors.push({ index, code: 'validation_failed', message: 'Must not be empty.', field: 'type' });
      } else if (item.timestamp && !this.believesTimes) {
        receipt.rejected += 1;
        receipt.errors.push({ index, code: 'timestamp_in_future', message: 'Later.', field: 'timestamp' });
      } else if (this.counted.has(item.id)) {
        receipt.duplicates += 1;
      } else {
        this.counted.set(item.id, item);
        receipt.accepted += 1;
      }
    });
    return receipt;
  }
}

/** A service for one test, stopped at its end. */
export async function service(t, options) {
  const made = await new FakeService(options).start();
  t.after(() => made.stop());
  return made;
}
