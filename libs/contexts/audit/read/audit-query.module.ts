import { Module } from '@nestjs/common';
import { Changes } from './history/changes.js';
import { ListHistoryHandler } from './history/list-history.query.js';
import { ShownText } from './shown-text.js';
import { ListStateHandler } from './state/list-state.query.js';

/** Runs where queries are answered. */
@Module({ providers: [ListHistoryHandler, ListStateHandler, Changes, ShownText], exports: [Changes, ShownText] })
export class AuditQueryModule {}
