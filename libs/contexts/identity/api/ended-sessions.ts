import type { EventOf, Fact } from '@parley/kernel/event.js';
import { EventLog } from '@parley/platform/event-log/event-log.js';
import { FactNews } from '@parley/platform/event-log/fact-news.js';
import { LiveConnections } from '@parley/platform/graphql-kit/live/live-connections.js';
import { Codec } from '@parley/platform/personal-data/codec.js';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PersonErased } from '../domain/erasure.events.js';
import { SessionEnded } from '../domain/session.events.js';

/** Closes the sockets and event streams of a session that has ended, in whichever process it ended. */
@Injectable()
export class EndedSessions implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly news: FactNews;

  constructor(log: EventLog, codec: Codec, private readonly connections: LiveConnections) {
    this.news = new FactNews('identity.ended-sessions', { SessionEnded, PersonErased }, log, codec, (fact) => this.take(fact as Fact<EventOf<typeof SessionEnded | typeof PersonErased>>));
  }

  onApplicationBootstrap(): void {
    this.news.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.news.stop();
  }

  private take({ type, data, meta: { tenantId } }: Fact<EventOf<typeof SessionEnded | typeof PersonErased>>): void {
    if (type === 'SessionEnded') this.connections.endWhere((caller) => caller.tenantId === tenantId && caller.sessionId === data.sessionId);
    else this.connections.endWhere((caller) => caller.tenantId === tenantId && caller.personId === data.personId);
  }
}
