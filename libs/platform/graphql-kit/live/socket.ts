import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Server as Protocol } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { logger, withLogContext } from '../../telemetry/logger.js';
import type { GatewayConfig } from '../gateway.config.js';
import type { Outlet } from './pushed.js';

/** What the protocol's hooks know of the socket that they serve. */
export interface SocketExtra {
  readonly request: IncomingMessage;
  readonly isOpen: () => boolean;
  readonly onClose: (work: () => void) => void;
  readonly close: (code: number, reason: string) => void;
  readonly wire: Wire;
}

/** The network below a WebSocket, for frames that are ready. What the socket itself sends goes out in the same order. */
export interface Wire extends Outlet {
  write(frames: Buffer): void;
}

/** Close codes beside those of graphql-transport-ws. */
export const CLOSE = {
  goingAway: 1001,
  /** The client's library connects again after this one. */
  tooSlow: 1013,
  unauthorized: 4401,
  /** As graphql-ws uses it: the client's library asks for a new token and connects again. */
  forbidden: 4403,
  tooMany: 4429,
  internal: 4500,
} as const;

/** A result for a client that has left: nobody's fault. */
export class ClientLeft extends Error {}

const CLOSE_MS = 1_000;
const log = logger('gateway');

/** Joins a WebSocket with the GraphQL protocol: what comes in is counted, what goes out is bounded, and who is silent is let go. */
export function openSocket(socket: WebSocket, request: IncomingMessage, duplex: Duplex, protocol: Protocol<SocketExtra>, config: GatewayConfig): void {
  const close = (code: number, reason: string) => {
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), CLOSE_MS).unref(); // a peer that does not read never says goodbye
  };
  const isOpen = () => socket.readyState === socket.OPEN;
  const tooFast = () => close(CLOSE.tooMany, 'Too many messages');
  const isWithinRate = rateLimit(config.PARLEY_GATEWAY_SOCKET_MESSAGES_PER_SECOND_MAX);
  socket.on('error', (error) => log.debug('socket.error', { error })); // ws closes it by itself, with the fitting code
  socket.on('ping', () => void (isWithinRate() || tooFast()));
  const stopPinging = keepAlive(socket, config.PARLEY_GATEWAY_SOCKET_PING_MS);
  const failed = (error: unknown) => {
    if (!isOpen() || error instanceof ClientLeft) return;
    log.error('socket.failed', { error: error as Error });
    close(CLOSE.internal, 'Internal server error');
  };
  const extra: SocketExtra = { request, isOpen, close, onClose: (work) => void socket.once('close', work), wire: wireOf(duplex, isOpen) };

  withLogContext({}, () => {
    let isFirst = true;
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        close,
        send: (text) => send(socket, text, config.PARLEY_GATEWAY_SEND_BUFFER_MAX_BYTES, close),
        onMessage: (take) => {
          const onMessage = (data: Buffer) => {
            if (!isOpen()) return;
            if (!isFirst && !isWithinRate()) return tooFast(); // the first can only be connection_init
            isFirst = false;
            take(data.toString()).catch(failed);
          };
          socket.on('message', AsyncResource.bind(onMessage)); // an event has the log context of whoever emits it
        },
      },
      extra,
    );
    socket.once('close', (code, reason) => {
      stopPinging();
      void closed(code, reason.toString());
    });
  });
}

/** Resolves when the kernel has taken the text: the next result of an operation is not asked for before. Rejects on a closed socket. */
function send(socket: WebSocket, text: string, maxBytes: number, close: (code: number, reason: string) => void): Promise<void> {
  if (socket.readyState === socket.OPEN && socket.bufferedAmount > maxBytes) close(CLOSE.tooSlow, 'Reads too slowly');
  if (socket.readyState !== socket.OPEN) return Promise.reject(new ClientLeft());
  return new Promise((resolve, reject) => socket.send(text, (error) => (error ? reject(new ClientLeft('', { cause: error })) : resolve())));
}

const NOTHING = Buffer.alloc(0);

function wireOf(duplex: Duplex, isOpen: () => boolean): Wire {
  return {
    hasRoom: () => duplex.writableLength === 0 && isOpen(),
    onRoom: (room) => void (isOpen() && duplex.write(NOTHING, (error) => error ?? room())), // it goes when all before it has gone
    write: (frames) => void duplex.write(frames),
  };
}

/** @returns a function that counts one, and says whether at most `max` came within the last second */
function rateLimit(max: number): () => boolean {
  const recent: number[] = [];
  return () => {
    const now = performance.now();
    while (recent[0] !== undefined && recent[0] <= now - 1_000) recent.shift();
    return recent.push(now) <= max;
  };
}

/** @returns what stops it */
function keepAlive(socket: WebSocket, everyMs: number): () => void {
  let isAnswered = true;
  socket.on('pong', () => (isAnswered = true));
  const timer = setInterval(() => {
    if (!isAnswered) return socket.terminate();
    isAnswered = false;
    socket.ping();
  }, everyMs);
  return () => clearInterval(timer);
}
