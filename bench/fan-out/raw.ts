import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { eventOf, replyIdOf, speakWhenTold } from './speak.js';

/** What no server of messages can do without: a token made into text once, and `ws` sending it to each who listens. */
const listeners = new Map<string, WebSocket[]>();

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString()) as { type: string; payload?: { variables: { replyId: string } } };
    if (type === 'connection_init') return socket.send(JSON.stringify({ type: 'connection_ack' }));
    const { replyId } = payload!.variables;
    listeners.set(replyId, [...(listeners.get(replyId) ?? []), socket]);
  });
});
server.on('listening', () =>
  speakWhenTold((server.address() as AddressInfo).port, (token) => {
    const text = JSON.stringify({ id: '1', type: 'next', payload: { data: { replyStream: eventOf(token) } } });
    for (const socket of listeners.get(replyIdOf(token.reply)) ?? []) socket.send(text);
  }),
);
