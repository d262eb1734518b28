// The usual broadcast of npm's socket.io: PORT, SIZE bytes to every client each second.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const { PORT, SIZE } = process.env;
const server = createServer((_, response) => response.end('{}'));
const io = new Server(server, { perMessageDeflate: false });

setInterval(() => io.emit('dashboard_update', { data: 'x'.repeat(Number(SIZE)) }), 1000);
server.listen(Number(PORT), '127.0.0.1');
