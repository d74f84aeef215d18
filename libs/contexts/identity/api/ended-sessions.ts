import { FactNews } from '@parley/platform/event-log/fact-news.js';
import { LiveConnections } from '@parley/platform/graphql-kit/live/live-connections.js';
import { Injectable } from '@nestjs/common';
import { PersonErased } from '../domain/erasure.events.js';
import { SessionEnded } from '../domain/session.events.js';

/** Closes the sockets and event streams of a session that has ended, in whichever process it ended. */
@Injectable()
export class EndedSessions {
  constructor(news: FactNews, connections: LiveConnections) {
    news.hear({ SessionEnded }, ({ data, meta }) => connections.endWhere((caller) => caller.tenantId === meta.tenantId && caller.sessionId === data.sessionId));
    news.hear({ PersonErased }, ({ data, meta }) => connections.endWhere((caller) => caller.tenantId === meta.tenantId && caller.personId === data.personId));
  }
}
