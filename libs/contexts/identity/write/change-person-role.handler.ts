import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ChangePersonRole } from '../domain/person.commands.js';
import { person } from '../domain/person.js';
import { Credentials } from './credentials.js';

/** The fact first, then what tokens are made from. If we are stopped in between, the reactor `identity.give-role` does the rest. */
@CommandHandler(ChangePersonRole)
export class ChangePersonRoleHandler implements ICommandHandler<ChangePersonRole> {
  constructor(private readonly handling: CommandHandling, private readonly credentials: Credentials) {}

  /** @throws MemberManagementNotAllowed, RoleNotYoursToGive, OwnRoleFixed, PersonNotFound */
  async execute(command: ChangePersonRole): Promise<Receipt> {
    const { data: { personId, role }, meta } = command;
    const receipt = await this.handling.handle(person, command);
    if (!receipt.repeated) await this.credentials.giveRole(meta.tenantId, personId, role, receipt.revision);
    return receipt;
  }
}
