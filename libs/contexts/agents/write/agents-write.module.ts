import { handlersFor } from '@parley/platform/cqrs/handlers-for.js';
import type { SchemaPart } from '@parley/platform/postgres/schema.js';
import { Module } from '@nestjs/common';
import { agent } from '../domain/agent.js';

/** Runs where commands are decided. */
@Module({ providers: handlersFor(agent) })
export class AgentsWriteModule {
  /** Agents keep nothing outside the log. */
  static readonly tables: readonly SchemaPart[] = [];
}
