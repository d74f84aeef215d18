import { InTurn } from '@parley/platform/cqrs/in-turn.js';
import type { Meta } from '@parley/kernel/meta.js';
import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { IdempotencyKeys } from '@parley/platform/cqrs/idempotency-keys.js';
import { type StreamFold, StreamStates } from '@parley/platform/cqrs/stream-states.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { PersonKeys } from '@parley/platform/personal-data/person-keys.js';
import { factsSealedFor } from '@parley/platform/personal-data/sealed-facts.js';
import { Injectable } from '@nestjs/common';
import { ConfirmErasure } from '../domain/erasure.commands.js';
import { ErasureRequested } from '../domain/erasure.events.js';
import { erasure, type Erasure, ErasureNotRequested } from '../domain/erasure.js';
import { EndSession } from '../domain/session.commands.js';
import { session } from '../domain/session.js';
import { Credentials } from './credentials.js';
import { RefreshTokens } from './refresh-tokens.js';

/** The decider as the memory of streams knows it: the compiler does not see that its tables fit. */
const fold = erasure as unknown as StreamFold<Erasure>;

/** Does what was asked for, step by step. Each step may be done again, so whoever comes after a crash begins at the first. */
@Injectable()
export class Erasing {
  private readonly inTurn = new InTurn();

  constructor(
    private readonly handling: CommandHandling,
    private readonly states: StreamStates,
    private readonly store: EventStore,
    private readonly keys: PersonKeys,
    private readonly credentials: Credentials,
    private readonly refreshTokens: RefreshTokens,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {}

  /** Whether somebody asked for the person to be erased: then nobody may come in as them any more. */
  async isAsked(tenantId: string, personId: string): Promise<boolean> {
    return (await this.states.latest(fold, tenantId, personId)).status !== 'none';
  }

  /** @throws ErasureNotRequested */
  finish(personId: string, meta: Meta): Promise<Receipt> {
    return this.inTurn.run(`${meta.tenantId}/${personId}`, () => this.run(personId, meta));
  }

  private async run(personId: string, meta: Meta): Promise<Receipt> {
    const { tenantId } = meta;
    const { status } = await this.states.latest(fold, tenantId, personId);
    if (status === 'requested') {
      // The key first: it is what erases. All else only tidies up.
      await this.keys.destroy({ tenantId, subjectId: personId });
      await failpoint('erasure.after_key');
      await this.credentials.remove(tenantId, personId);
      for (const sessionId of await this.refreshTokens.sessionsOf(tenantId, personId)) await this.end(sessionId, meta);
      await this.idempotencyKeys.forget({ tenantId, actorId: personId });
    }
    const sealed = status === 'requested' ? await this.proof(tenantId, personId) : NOTHING;
    await failpoint('erasure.before_confirm');
    return this.handling.handle(erasure, new ConfirmErasure({ personId, sealed }, { ...meta, commandId: `erased:${personId}` }));
  }

  /** The fact first: once the row is gone nobody knows of the session any more. */
  private async end(sessionId: string, meta: Meta): Promise<void> {
    await this.refreshTokens.end({ tenantId: meta.tenantId, sessionId }, 'person-erased');
    await this.handling.handle(session, new EndSession({ sessionId, reason: 'person-erased' }, { ...meta, commandId: `erased:${sessionId}` }));
    await this.refreshTokens.remove(meta.tenantId, sessionId);
  }

  private async proof(tenantId: string, personId: string) {
    const [requested] = await this.store.read(streamName(erasure.category, tenantId, personId), { limit: 1 });
    if (requested?.type !== ErasureRequested.type) throw new ErasureNotRequested();
    return factsSealedFor(this.store, { tenantId, subjectId: personId }, requested.position);
  }
}

/** For a confirmation that changes nothing, or is refused. */
const NOTHING = { count: 0, digest: '0'.repeat(64) };
