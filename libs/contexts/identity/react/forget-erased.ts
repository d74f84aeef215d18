import type { EventOf, Fact } from '@parley/kernel/event.js';
import { EventLog } from '@parley/platform/event-log/event-log.js';
import { FactNews } from '@parley/platform/event-log/fact-news.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { Forgetting } from '@parley/platform/personal-data/forgetting.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PersonErased } from '../domain/erasure.events.js';

/** Lets this process forget whoever is erased, whichever process erased them. */
@Injectable()
export class ForgetErased implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly news: FactNews;

  constructor(log: EventLog, codec: Codec, private readonly forgetting: Forgetting, keys: PersonKeys) {
    forgetting.register('person-keys', (erased) => keys.forget(erased));
    this.news = new FactNews('identity.forget-erased', { PersonErased }, log, codec, (fact) => this.take(fact as Fact<EventOf<typeof PersonErased>>));
  }

  onApplicationBootstrap(): void {
    this.news.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.news.stop();
  }

  private take({ data, meta, position }: Fact<EventOf<typeof PersonErased>>): void {
    void this.forgetting.forget({ tenantId: meta.tenantId, subjectId: data.personId, position });
  }
}
