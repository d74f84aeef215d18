import { ApolloDriver } from '@nestjs/apollo';
import { Inject, Injectable } from '@nestjs/common';
import { LiveConnections } from './live/live-connections.js';
import { SocketServer } from './live/socket.server.js';

/** Apollo cuts WebSockets as the first thing of its stop; here they are let go before. */
@Injectable()
export class DrainingDriver extends ApolloDriver {
  @Inject() private readonly connections: LiveConnections;
  @Inject() private readonly sockets: SocketServer;

  override async stop(): Promise<void> {
    await this.connections.drain();
    this.sockets.terminate();
    await super.stop();
  }
}
