import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { EventStore } from '../event-store/event-store.js';
import { EventLog } from './event-log.js';
import { eventLogConfig, type EventLogSettings, openEventLog } from './open-event-log.js';

/** How facts come to projectors and reactors. Needs EventStoreModule. */
@Global()
@Module({})
export class EventLogModule implements OnApplicationShutdown {
  constructor(@Inject(EventLog) private readonly log: EventLog) {}

  /** @param settings default: as if the environment said nothing */
  static forRoot(settings: EventLogSettings = eventLogConfig.read({})): DynamicModule {
    const log = { provide: EventLog, inject: [EventStore], useFactory: (store: EventStore) => openEventLog(settings, store) };
    return { module: EventLogModule, providers: [log], exports: [EventLog] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.log.close();
  }
}
