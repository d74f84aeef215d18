import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { HealthChecks } from '../health/health-checks.js';
import { LiveChunks } from './live-chunks.js';
import { openLiveChunks } from './open-live-chunks.js';

/** Live chunks for the whole application. Closed last: readers get their chunks while it stops. */
@Global()
@Module({})
export class LiveModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(LiveChunks) private readonly live: LiveChunks, @Optional() private readonly health?: HealthChecks) {}

  /** @param url `memory:`, `redis://…` */
  static forRoot(url?: string): DynamicModule {
    return { module: LiveModule, providers: [{ provide: LiveChunks, useFactory: () => openLiveChunks(url) }], exports: [LiveChunks] };
  }

  /** Without chunks replies are made and stored all the same; nobody sees them grow. */
  onModuleInit(): void {
    this.health?.add({ name: 'live', check: async () => ({ status: (await this.live.isUp().catch(() => false)) ? 'up' : 'degraded' }) });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.live.close();
  }
}
