import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { LiveChunks } from './live-chunks.js';
import { openLiveChunks } from './open-live-chunks.js';

/** Live chunks for the whole application. Closed last: readers get their chunks while it stops. */
@Global()
@Module({})
export class LiveModule implements OnApplicationShutdown {
  constructor(@Inject(LiveChunks) private readonly live: LiveChunks) {}

  /** @param url `memory:` */
  static forRoot(url?: string): DynamicModule {
    return { module: LiveModule, providers: [{ provide: LiveChunks, useFactory: () => openLiveChunks(url) }], exports: [LiveChunks] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.live.close();
  }
}
