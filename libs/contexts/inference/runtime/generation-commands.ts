import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '@parley/kernel/command.js';
import { DomainError } from '@parley/kernel/domain-error.js';
import type { Meta } from '@parley/kernel/meta.js';
import { Clock } from '@parley/platform/clock/clock.js';
import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { Injectable } from '@nestjs/common';
import type { Started } from './generation-streams.js';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

const log = logger('runtime');

/** Sends what a worker has to say of a generation, until it is heard or refused. */
@Injectable()
export class GenerationCommands {
  constructor(private readonly commands: CommandSender, private readonly clock: Clock) {}

  /**
   * @param id the same for a repeat: it names the command within its generation
   * @param signal ends the repeats while the outcome is open
   * @throws DomainError when it is refused; the last error when the signal ended the repeats
   */
  async send(started: Started, id: string, build: (meta: Meta) => Command, signal: AbortSignal): Promise<void> {
    const command = build(this.metaOf(started, id));
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        await this.commands.send(command);
        return;
      } catch (error) {
        if (error instanceof DomainError && error.kind !== 'unavailable') throw error;
        log.warn('command.repeated', { command: command.type, replyId: started.data.replyId, error: error as Error });
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) throw error;
      }
    }
  }

  private metaOf({ meta, eventId }: Started, id: string): Meta {
    const { tenantId, correlationId, traceparent } = meta;
    return {
      tenantId,
      actor: { kind: 'system', id: 'inference.runtime', role: 'system' },
      now: this.clock.now().toISOString(),
      commandId: `runtime:${id}`,
      correlationId,
      causationId: eventId,
      ...(traceparent !== undefined && { traceparent }),
    };
  }
}
