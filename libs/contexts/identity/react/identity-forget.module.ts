import { FactNewsModule } from '@parley/platform/event-log/fact-news.js';
import { Module } from '@nestjs/common';
import { ForgetErased } from './forget-erased.js';

/** Runs in every process that opens personal text. */
@Module({ imports: [FactNewsModule], providers: [ForgetErased] })
export class IdentityForgetModule {}
