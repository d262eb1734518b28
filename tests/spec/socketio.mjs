// The npm client of Socket.IO: prints what it hears, a JSON array a line, and emits what it is given on its input.
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const socket = io(process.env.BASE_URL, {
  path: process.env.SOCKETIO_PATH,
  transports: JSON.parse(process.env.TRANSPORTS),
  extraHeaders: JSON.parse(process.env.HEADERS),
  reconnection: false
});
const say = (...line) => console.log(JSON.stringify(line));

socket.on('connect', () => say('connect'));
socket.io.engine.on('upgrade', (transport) => say('upgrade', transport.name));
socket.on('connect_error', (error) => say('connect_error', { message: error.message, data: error.data ?? null }));
socket.on('disconnect', (reason) => say('disconnect', reason));
socket.onAny((name, ...said) => say(name, ...said));

createInterface({ input: process.stdin })
  .on('line', (line) => socket.emit(...JSON.parse(line), (answer) => say('answer', answer)))
  .on('close', () => socket.close());
