import { type ApolloServerPlugin, type GraphQLRequestContext, type GraphQLRequestListener, HeaderMap } from '@apollo/server';
import { Plugin } from '@nestjs/apollo';
import { Injectable } from '@nestjs/common';
import { GraphQLError, OperationTypeNode } from 'graphql';
import type { Call } from './call.js';
import { retryAfterSeconds } from './edge.filter.js';
import { ErrorAnswers } from './error-answers.js';
import type { ShownError } from './errors.js';
import { CompiledQueries } from './execution/compiled-queries.js';
import { GatewaySettings } from './gateway.config.js';
import { costError } from './limits/cost.js';
import { SubscriptionNeedsStream } from './refusals.js';

/** What Apollo does for us at its stations: prices the operation, runs it compiled where it can be, and says when to come again. */
@Plugin()
@Injectable()
export class ApolloStations implements ApolloServerPlugin<Call> {
  constructor(
    private readonly settings: GatewaySettings,
    private readonly queries: CompiledQueries,
    private readonly errors: ErrorAnswers,
  ) {}

  async requestDidStart(): Promise<GraphQLRequestListener<Call>> {
    return {
      didResolveOperation: async ({ schema, document, request, operation, operationName }) => {
        if (operation?.operation === OperationTypeNode.SUBSCRIPTION) throw badRequest(new SubscriptionNeedsStream());
        const refusal = operation && costError({ schema, document, variables: request.variables, operationName }, this.settings.values.PARLEY_GATEWAY_COST_MAX);
        if (refusal) throw refusal;
      },
      responseForOperation: async ({ schema, document, request, operationName, contextValue }) => {
        const result = await this.queries.run({ schema, document, operationName, contextValue, variableValues: request.variables });
        if (!result) return null; // Apollo goes on
        const errors = result.errors?.map((error) => this.errors.answer(error));
        return { http: { status: undefined, headers: new HeaderMap() }, body: { kind: 'single', singleResult: { ...(errors && { errors }), data: result.data } } };
      },
      willSendResponse: async ({ response }: GraphQLRequestContext<Call>) => {
        response.http.headers.set('cache-control', 'no-store');
        const errors = response.body?.kind === 'single' ? response.body.singleResult.errors : undefined;
        const retryAfter = errors && retryAfterSeconds(errors as readonly ShownError[]);
        if (retryAfter) response.http.headers.set('retry-after', retryAfter);
      },
    };
  }
}

const badRequest = (refusal: Error) => new GraphQLError(refusal.message, { originalError: refusal, extensions: { http: { status: 400 } } });
