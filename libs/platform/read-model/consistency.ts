import { Injectable } from '@nestjs/common';
import { defineError } from '@parley/kernel/domain-error.js';
import { EventLog } from '../event-log/event-log.js';
import { ServedPosition } from './served-position.js';
import { decodeToken, encodeToken } from './consistency-token.js';

export class ConsistencyTokenInvalid extends defineError(
  'CONSISTENCY_TOKEN_INVALID',
  'invalid',
  'This is not a consistency token.',
  'Send back the consistencyToken of a mutation, unchanged.',
) {}

export class ConsistencyTokenForeign extends defineError(
  'CONSISTENCY_TOKEN_FOREIGN',
  'invalid',
  'This consistency token is of another tenant or of another event store.',
  'Send tokens only where they came from, and drop those from before the store was set back.',
) {}

export class ReadModelBehind extends defineError(
  'READ_MODEL_BEHIND',
  'unavailable',
  'The read models have not got to what you wrote.',
  'Ask again in a moment, or ask without the token to see what there is.',
) {}

const RETRY_AFTER_MS = 1_000;

/** Read your own write: a mutation answers with a token, and a query that carries it waits until the read models have got there. */
@Injectable()
export class ConsistencyTokens {
  constructor(private readonly log: EventLog, private readonly served: ServedPosition) {}

  /** @param position of the mutation's receipt */
  issue(tenantId: string, position: bigint): string {
    return encodeToken({ ...this.log.identity, tenantId, position });
  }

  /** @throws ConsistencyTokenInvalid, ConsistencyTokenForeign; ReadModelBehind when the time is over */
  async wait(token: string, tenantId: string, timeoutMs = 2_000): Promise<void> {
    const said = decodeToken(token);
    if (!said) throw new ConsistencyTokenInvalid();
    const { storeId, epoch } = this.log.identity;
    if (said.tenantId !== tenantId || said.storeId !== storeId || said.epoch !== epoch) throw new ConsistencyTokenForeign();
    const position = await this.served.reach(said.position, timeoutMs, this.log.laneOf(tenantId));
    if (position < said.position) throw new ReadModelBehind({ behindBy: Number(said.position - position), retryAfterMs: RETRY_AFTER_MS });
  }
}
