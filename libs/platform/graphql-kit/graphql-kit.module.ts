import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { type DynamicModule, Global, type InjectionToken, Module, type ModuleMetadata, ValidationPipe } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import type { GraphQLSchema } from 'graphql';
import { Clock, SystemClock } from '../clock/clock.js';
import { Random, SystemRandom } from '../random/random.js';
import { AccessGuard } from './access.guard.js';
import { ApolloStations } from './apollo.plugin.js';
import { AsOfQueries, LooksBack } from './as-of.js';
import { Arrivals } from './arrivals.js';
import type { Call, IncomingCall } from './call.js';
import { ConsistentReads, ReadYourWrites } from './consistent.js';
import { DocumentStore } from './document-store.js';
import { DrainingDriver } from './draining.driver.js';
import { EdgeFilter } from './edge.filter.js';
import { ErrorAnswers } from './error-answers.js';
import { CompiledQueries } from './execution/compiled-queries.js';
import { GatewaySettings, readGatewayConfig } from './gateway.config.js';
import { inputErrors } from './input-errors.js';
import { limitRules, Operations } from './limits/operations.js';
import { EventStreams } from './live/event-streams.js';
import { LiveConnections } from './live/live-connections.js';
import { Subscriptions } from './live/live-results.js';
import { SocketOperations } from './live/socket.operations.js';
import { SocketServer } from './live/socket.server.js';
import { OperationMetrics } from './operation.metrics.js';
import { withAsOf, withConsistencyToken, withPlainFields } from './schema.js';

export interface GraphqlKitOptions {
  /** Modules that export `AccessTokens` and what `readYourWrites` names, unless global ones do. */
  readonly imports?: ModuleMetadata['imports'];
  /** The provider that waits for read models; by default `ReadYourWrites` itself is looked for. */
  readonly readYourWrites?: InjectionToken;
  /** The provider that finds places in the past; without one no query has the argument `asOf`. */
  readonly looksBack?: InjectionToken;
}

/** Settings and errors, which Apollo's configuration needs before there is a schema. */
@Global()
@Module({
  providers: [{ provide: GatewaySettings, useFactory: () => ({ values: readGatewayConfig() }) }, ErrorAnswers, DocumentStore],
  exports: [GatewaySettings, ErrorAnswers, DocumentStore],
})
class GatewaySettingsModule {}

/** GraphQL over HTTP, server-sent events and WebSocket: who may enter, how much, and how errors look. `prepareGateway` opens its doors. */
@Module({})
export class GraphqlKitModule {
  static forRoot({ imports = [], readYourWrites, looksBack }: GraphqlKitOptions = {}): DynamicModule {
    return {
      module: GraphqlKitModule,
      global: true,
      imports: [...imports, GatewaySettingsModule, GraphQLModule.forRootAsync<ApolloDriverConfig>({ driver: DrainingDriver, inject: [GatewaySettings, ErrorAnswers, DocumentStore], useFactory: apolloConfig((schema) => (looksBack ? withAsOf(whole(schema)) : whole(schema))) })],
      providers: [
        ...(readYourWrites ? [{ provide: ReadYourWrites, useExisting: readYourWrites }] : []),
        { provide: Clock, useClass: SystemClock },
        { provide: Random, useClass: SystemRandom },
        { provide: APP_FILTER, useClass: EdgeFilter },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_INTERCEPTOR, useClass: OperationMetrics },
        { provide: APP_INTERCEPTOR, useClass: ConsistentReads },
        ...(looksBack ? [{ provide: LooksBack, useExisting: looksBack }, { provide: APP_INTERCEPTOR, useClass: AsOfQueries }] : []),
        { provide: APP_PIPE, useFactory: () => new ValidationPipe({ transform: true, exceptionFactory: inputErrors }) },
        ApolloStations,
        Arrivals,
        CompiledQueries,
        EventStreams,
        LiveConnections,
        Operations,
        SocketOperations,
        SocketServer,
        Subscriptions,
      ],
      exports: [GraphQLModule, LiveConnections, SocketServer, ...(readYourWrites ? [ReadYourWrites] : [])],
    };
  }
}

const whole = (schema: GraphQLSchema) => withPlainFields(withConsistencyToken(schema));

const apolloConfig = (transformSchema: (schema: GraphQLSchema) => GraphQLSchema) => (settings: GatewaySettings, errors: ErrorAnswers, documentStore: DocumentStore): Omit<ApolloDriverConfig, 'driver'> => {
  const { PARLEY_GATEWAY_TOKENS_MAX: maxTokens, isSchemaShown } = settings.values;
  return {
    path: '/graphql',
    autoSchemaFile: true,
    sortSchema: true,
    transformSchema,
    context: ({ req }: { req: IncomingCall }): Call => ({ req, arrival: req.arrival as Call['arrival'] }),
    introspection: isSchemaShown,
    graphiql: false,
    plugins: [ApolloServerPluginCacheControlDisabled()], // it looks at each field, for hints that nothing of ours carries
    parseOptions: { maxTokens },
    validationRules: [...limitRules(settings)],
    csrfPrevention: true,
    persistedQueries: false,
    documentStore,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    autoTransformHttpErrors: false,
    formatError: (_formatted, error) => errors.answer(error),
  };
};
