import { idFrom } from '@parley/platform/cqrs/event-id.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { mustGive } from '../domain/granting.js';
import { Enrol } from '../domain/sign-in.commands.js';
import { checkPassword } from '../passwords/password-rules.js';
import { Passwords } from '../passwords/passwords.js';
import { type Credential, Credentials } from './credentials.js';
import { EmailTaken } from './register.handler.js';
import { Registration } from './registration.js';

/** Reserves the address, then says that the person was added. The same person with the same address again is the first answer. */
@CommandHandler(Enrol)
export class EnrolHandler implements ICommandHandler<Enrol> {
  constructor(private readonly credentials: Credentials, private readonly passwords: Passwords, private readonly registration: Registration) {}

  /** @throws MemberManagementNotAllowed, RoleNotYoursToGive, PasswordTooShort, PasswordTooCommon, EmailTaken, PersonIdTaken, TooManySignIns */
  async execute({ data, meta }: Enrol): Promise<Receipt> {
    const { personId, email, name, password, role } = data;
    mustGive(meta.actor, role); // before the address is taken
    checkPassword(password, email);
    const credential = (await this.credentials.find(email)) ?? (await this.credentials.reserve(email, await this.wanted({ data, meta })));
    if (credential.tenantId !== meta.tenantId || credential.personId !== personId) throw new EmailTaken();
    return this.registration.add(email, credential, credential.addedBy ?? meta.actor, name, meta);
  }

  private async wanted({ data: { personId, role, password }, meta: { tenantId, actor } }: Pick<Enrol, 'data' | 'meta'>): Promise<Omit<Credential, 'status'>> {
    // Of the person, not of the request: whoever finishes it has no more than what is kept here.
    const commandId = idFrom(`${tenantId}/${personId}`, 'identity.add-person');
    return { tenantId, personId, role, tenantSlug: null, passwordHash: await this.passwords.hash(password), commandId, addedBy: actor };
  }
}
