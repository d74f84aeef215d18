import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaBuilderModule, GraphQLSchemaFactory } from '@nestjs/graphql';
import { AgentsApiModule } from '@parley/agents/api/agents-api.module.js';
import { AuditHistoryApiModule } from '@parley/audit/api/audit-history-api.module.js';
import { ChatApiModule } from '@parley/chat/api/chat-api.module.js';
import { IdentityApiModule } from '@parley/identity/api/identity-api.module.js';
import { schemaText, withAsOf, withConsistencyToken } from '@parley/platform/graphql-kit/schema.js';
import { OperationsModule } from '@parley/platform/operations/operations.module.js';
import { TenancyApiModule } from '@parley/tenancy/api/tenancy-api.module.js';
import { UsageApiModule } from '@parley/usage/api/usage-api.module.js';

const API_MODULES = [AgentsApiModule, AuditHistoryApiModule, ChatApiModule, IdentityApiModule, OperationsModule, TenancyApiModule, UsageApiModule];

/** The GraphQL schema as the gateway serves it, built from the resolvers alone: without a database, without a server. */
export async function schema(): Promise<string> {
  const app = await NestFactory.create(GraphQLSchemaBuilderModule, { logger: false });
  await app.init();
  const providers = API_MODULES.flatMap((module) => Reflect.getMetadata('providers', module) as unknown[]);
  const resolvers = providers.filter((each): each is new () => unknown => typeof each === 'function' && each.name.endsWith('Resolver'));
  const built = await app.get(GraphQLSchemaFactory).create(resolvers);
  await app.close();
  return schemaText(withAsOf(withConsistencyToken(built)));
}
