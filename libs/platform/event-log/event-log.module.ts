import { type DynamicModule, Global, Module } from '@nestjs/common';
import { z } from 'zod';
import { defineConfig } from '../config/config.js';
import { EventStore } from '../event-store/event-store.js';
import { EventLog } from './event-log.js';
import { StoreEventLog } from './store.event-log.js';

export const eventLogConfig = defineConfig({
  PARLEY_EVENT_LOG_URL: z.string().default('store:').describe('how facts come to those who follow them: `store:` (read from the event store)'),
});

/** The event log that a URL names. @throws Error in one sentence when there is none */
export function openEventLog(url: string, store: EventStore): EventLog {
  if (url === 'store:') return new StoreEventLog(store);
  throw new Error(`PARLEY_EVENT_LOG_URL: there is no event log for ${URL.parse(url)?.protocol ?? 'what is no URL'} here.`);
}

/** How facts come to projectors and reactors. Needs EventStoreModule. */
@Global()
@Module({})
export class EventLogModule {
  static forRoot({ url = 'store:' }: { readonly url?: string } = {}): DynamicModule {
    const log = { provide: EventLog, inject: [EventStore], useFactory: (store: EventStore) => openEventLog(url, store) };
    return { module: EventLogModule, providers: [log], exports: [EventLog] };
  }
}
