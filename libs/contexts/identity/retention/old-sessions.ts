import { Clock } from '@parley/platform/clock/clock.js';
import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { Random } from '@parley/platform/random/random.js';
import { type RetentionTask, RetentionWorks } from '@parley/platform/retention/retention-works.js';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ExpireSession } from '../domain/sign-in.commands.js';
import { ListOldSessions } from '../read/sessions/list-old-sessions.query.js';

/** Sessions that are looked at in one go. */
const PAGE = 500;

/** Ends sessions that have lasted too long, however often they were used: whoever it was signs in again. */
@Injectable()
export class OldSessions {
  constructor(works: RetentionWorks, private readonly queries: QueryBus, private readonly commands: CommandSender, private readonly clock: Clock, private readonly random: Random) {
    works.register('sessions', (task) => this.endAll(task));
  }

  private async endAll({ tenantId, since, signal }: RetentionTask): Promise<number> {
    let ended = 0;
    for (let after: string | undefined; !signal.aborted; ) {
      const old: readonly string[] = await this.queries.execute(new ListOldSessions(tenantId, since, this.clock.now(), after, PAGE));
      for (const sessionId of old) await this.end(tenantId, sessionId);
      ended += old.length;
      after = old.at(-1);
      if (old.length < PAGE) break;
    }
    return ended;
  }

  private async end(tenantId: string, sessionId: string): Promise<void> {
    const commandId = `retention:${sessionId}`; // the read model may not know of it yet when the next round comes
    const actor = { kind: 'system', id: 'identity.retention', role: 'system' } as const;
    await this.commands.send(new ExpireSession({ sessionId }, { tenantId, actor, now: this.clock.now().toISOString(), commandId, correlationId: this.random.id(this.clock.now()) }));
  }
}
