import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import { logger } from '../../telemetry/logger.js';
import { GatewaySettings } from '../gateway.config.js';
import { LiveConnections } from './live-connections.js';
import { SocketOperations } from './socket.operations.js';
import { openSocket } from './socket.js';

const log = logger('gateway');

/** The door for WebSockets at /graphql: only graphql-transport-ws, only from known origins, only so many. */
@Injectable()
export class SocketServer {
  private readonly sockets: WebSocketServer;

  constructor(
    private readonly settings: GatewaySettings,
    private readonly connections: LiveConnections,
    private readonly operations: SocketOperations,
  ) {
    this.sockets = new WebSocketServer({
      noServer: true,
      maxPayload: settings.values.PARLEY_GATEWAY_SOCKET_PAYLOAD_MAX_BYTES,
      perMessageDeflate: false, // a small message could unfold into a large one
      handleProtocols,
    });
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  /** Open sockets, those without connection_init included. */
  get size(): number {
    return this.sockets.clients.size;
  }

  /** Cuts what has not gone by itself. */
  terminate(): void {
    for (const client of this.sockets.clients) client.terminate();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy()); // a client that leaves in the middle of its handshake
    const refusal = this.refusalOf(request);
    if (refusal) {
      log.info('socket.refused', { status: refusal });
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (client) => openSocket(client, request, socket, this.operations.serve(), this.settings.values));
  }

  private refusalOf({ url = '', headers }: IncomingMessage): string | undefined {
    if (url.split('?')[0] !== '/graphql') return '404 Not Found';
    if (!isKnownOrigin(headers.origin, headers.host, this.settings.values.PARLEY_GATEWAY_ORIGINS)) return '403 Forbidden';
    if (this.connections.isStopping || this.size >= this.settings.values.PARLEY_GATEWAY_SOCKETS_MAX) return '503 Service Unavailable';
    return undefined;
  }
}

/** A page of another site could else open a socket in its visitor's browser. Programs send no origin. */
export function isKnownOrigin(origin: string | undefined, host: string | undefined, known: readonly string[]): boolean {
  if (origin === undefined || known.includes(origin)) return true;
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host;
}
