import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { GiveRole } from '../domain/sign-in.commands.js';
import { Credentials } from './credentials.js';

/** Writes no fact: there is one already. */
@CommandHandler(GiveRole)
export class GiveRoleHandler implements ICommandHandler<GiveRole> {
  constructor(private readonly credentials: Credentials) {}

  async execute({ data: { personId, role, revision }, meta: { tenantId } }: GiveRole): Promise<void> {
    await this.credentials.giveRole(tenantId, personId, role, BigInt(revision));
  }
}
