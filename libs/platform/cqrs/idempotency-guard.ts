import type { Command } from '@parley/kernel/command.js';
import { Injectable } from '@nestjs/common';
import { failpoint } from '../failpoints/failpoints.js';
import { MasterKey } from '../key-store/master-key.js';
import { fingerprintOf, IdempotencyKeyReused, IdempotencyKeys, isClientKey } from './idempotency-keys.js';

/** Keeps a client from using one key for two requests, whichever streams they name. */
@Injectable()
export class IdempotencyGuard {
  private readonly secret: Buffer;

  constructor(private readonly keys: IdempotencyKeys, masterKey: MasterKey) {
    this.secret = masterKey.derive('cqrs.idempotency-keys');
  }

  /** Only keys that clients brought are looked at. @throws IdempotencyKeyReused */
  async check(command: Command): Promise<void> {
    const { tenantId, commandId, actor, now } = command.meta;
    if (!isClientKey(commandId)) return;
    const fingerprint = fingerprintOf(command, this.secret);
    await failpoint('s2.before_bind');
    const bound = await this.keys.bind({ tenantId, commandId, actorId: actor.id, fingerprint, now: new Date(now) });
    await failpoint('s2.after_bind');
    if (bound !== fingerprint) throw new IdempotencyKeyReused();
  }
}
