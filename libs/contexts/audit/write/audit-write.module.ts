import { handlersFor } from '@parley/platform/cqrs/handlers-for.js';
import { Module } from '@nestjs/common';
import { historyExport } from '../domain/history-export.js';

/** Runs where commands are decided. */
@Module({ providers: [...handlersFor(historyExport)] })
export class AuditWriteModule {}
