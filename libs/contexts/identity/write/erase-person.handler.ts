import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { EventStore, streamName } from '@parley/platform/event-store/event-store.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ErasePerson, RequestErasure } from '../domain/erasure.commands.js';
import { erasure, ErasureNotAllowed, ErasureNotConfirmed, mayErase, NobodyToErase } from '../domain/erasure.js';
import { person } from '../domain/person.js';
import { Credentials } from './credentials.js';
import { Erasing } from './erasing.js';

/** Asks whether it is meant, puts the wish on record, and does it. Stopped in between, the reactor on the wish goes on. */
@CommandHandler(ErasePerson)
export class ErasePersonHandler implements ICommandHandler<ErasePerson> {
  constructor(
    private readonly handling: CommandHandling,
    private readonly store: EventStore,
    private readonly credentials: Credentials,
    private readonly erasing: Erasing,
  ) {}

  /** @throws ErasureNotAllowed, NobodyToErase, ErasureNotConfirmed */
  async execute({ data: { personId, confirmation }, meta }: ErasePerson): Promise<Receipt> {
    const { tenantId } = meta;
    if (!mayErase(meta.actor, personId)) throw new ErasureNotAllowed(); // before anything tells whether there is such a person
    const [registered] = await this.store.read(streamName(person.category, tenantId, personId), { limit: 1 });
    if (!registered) throw new NobodyToErase();
    if (!(await this.isMeant(tenantId, personId, confirmation.trim().toLowerCase()))) throw new ErasureNotConfirmed();
    await this.handling.handle(erasure, new RequestErasure({ personId }, meta));
    await failpoint('erasure.after_request');
    return this.erasing.finish(personId, meta);
  }

  private async isMeant(tenantId: string, personId: string, confirmation: string): Promise<boolean> {
    if (confirmation === personId) return true;
    const credential = await this.credentials.find(confirmation);
    return credential?.tenantId === tenantId && credential.personId === personId;
  }
}
