import type { ApolloServerPlugin, GraphQLRequestContext, GraphQLRequestListener } from '@apollo/server';
import { Plugin } from '@nestjs/apollo';
import { Injectable } from '@nestjs/common';
import { GraphQLError, OperationTypeNode } from 'graphql';
import type { Call } from './call.js';
import { retryAfterSeconds } from './edge.filter.js';
import type { ShownError } from './errors.js';
import { GatewaySettings } from './gateway.config.js';
import { costError } from './limits/cost.js';
import { SubscriptionNeedsStream } from './refusals.js';

/** What Apollo does for us at its stations: prices the operation, and says when to come again. */
@Plugin()
@Injectable()
export class ApolloStations implements ApolloServerPlugin<Call> {
  constructor(private readonly settings: GatewaySettings) {}

  async requestDidStart(): Promise<GraphQLRequestListener<Call>> {
    return {
      didResolveOperation: async ({ schema, document, request, operation, operationName }) => {
        if (operation?.operation === OperationTypeNode.SUBSCRIPTION) throw badRequest(new SubscriptionNeedsStream());
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
