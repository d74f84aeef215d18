import { handlersFor } from '@parley/platform/cqrs/handlers-for.js';
import type { SchemaPart } from '@parley/platform/postgres/schema.js';
import { Module } from '@nestjs/common';
import { generation } from '../domain/generation.js';
import { InferenceAgentsModule } from './inference-agents.module.js';
import { RequestGenerationHandler } from './request-generation.handler.js';
import { StopGenerationsOfHandler } from './stop-generations-of.handler.js';

/** Runs where commands are handled. */
@Module({ imports: [InferenceAgentsModule], providers: [...handlersFor(generation), RequestGenerationHandler, StopGenerationsOfHandler] })
export class InferenceWriteModule {
  static readonly tables: readonly SchemaPart[] = [];
}
