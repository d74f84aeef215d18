import type { ApolloServerPlugin, GraphQLRequestContext, GraphQLRequestListener, GraphQLServerListener } from '@apollo/server';
import { Plugin } from '@nestjs/apollo';
import { Injectable } from '@nestjs/common';
import { GraphQLError } from 'graphql';
import type { Call } from './call.js';
import { retryAfterSeconds } from './edge.filter.js';
import type { ShownError } from './errors.js';
import { GatewaySettings } from './gateway.config.js';
import { costError } from './limits/cost.js';
import { LiveConnections } from './live/live-connections.js';
import { SocketServer } from './live/socket.server.js';
import { SubscriptionNeedsStream } from './refusals.js';

/** What Apollo does for us at its stations: prices the operation, says when to come again, and lets go of connections at the stop. */
@Plugin()
@Injectable()
export class ApolloStations implements ApolloServerPlugin<Call> {
  constructor(
    private readonly settings: GatewaySettings,
    private readonly connections: LiveConnections,
    private readonly sockets: SocketServer,
  ) {}

  async serverWillStart(): Promise<GraphQLServerListener> {
    return {
      // Beside Apollo's own, which waits until the last connection is gone.
      drainServer: async () => {
        await this.connections.drain();
        this.sockets.terminate();
      },
    };
  }

  async requestDidStart(): Promise<GraphQLRequestListener<Call>> {
    return {
      didResolveOperation: async ({ schema, document, request, operation, operationName }) => {
        if (operation?.operation === 'subscription') throw badRequest(new SubscriptionNeedsStream());
        const refusal = operation && costError({ schema, document, variables: request.variables, operationName }, this.settings.values.PARLEY_GATEWAY_COST_MAX);
        if (refusal) throw refusal;
      },
      willSendResponse: async ({ response }: GraphQLRequestContext<Call>) => {
        const errors = response.body?.kind === 'single' ? response.body.singleResult.errors : undefined;
        const retryAfter = errors && retryAfterSeconds(errors as readonly ShownError[]);
        if (retryAfter) response.http.headers.set('retry-after', retryAfter);
      },
    };
  }
}

const badRequest = (refusal: Error) => new GraphQLError(refusal.message, { originalError: refusal, extensions: { http: { status: 400 } } });
