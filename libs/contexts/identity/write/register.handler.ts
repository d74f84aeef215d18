import { defineError } from '@parley/kernel/domain-error.js';
import { Random } from '@parley/platform/random/random.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type ProvenPerson, Register } from '../domain/sign-in.commands.js';
import { checkPassword } from '../passwords/password-rules.js';
import { Passwords } from '../passwords/passwords.js';
import { type Credential, Credentials } from './credentials.js';
import { Registration } from './registration.js';

export class EmailTaken extends defineError(
  'IDENTITY_EMAIL_TAKEN',
  'conflict',
  'There is an account with this e-mail address.',
  'Sign in, or use another address.',
) {}

/** Reserves the address, then says that the person registered. Who comes again with the same password is told the same person. */
@CommandHandler(Register)
export class RegisterHandler implements ICommandHandler<Register> {
  constructor(
    private readonly credentials: Credentials,
    private readonly passwords: Passwords,
    private readonly registration: Registration,
    private readonly random: Random,
  ) {}

  /** @throws PasswordTooShort, PasswordTooCommon, EmailTaken, TooManySignIns */
  async execute({ data, request }: Register): Promise<ProvenPerson> {
    const { email, password } = data;
    checkPassword(password, email);
    const known = await this.credentials.find(email);
    const wanted = known ? undefined : await this.wanted(data, new Date(request.now));
    const credential = known ?? (await this.credentials.reserve(email, wanted!));
    // Also when the password is another's: whoever reserved the address first is who registers.
    const proven = await this.registration.settle(email, credential, request);
    const isMine = credential.commandId === wanted?.commandId || (await this.passwords.verify(password, credential.passwordHash));
    if (!isMine) throw new EmailTaken();
    return proven;
  }

  private async wanted({ password, role, tenantSlug }: Register['data'], at: Date): Promise<Omit<Credential, 'status'>> {
    const [tenantId, personId, commandId] = [this.random.id(at), this.random.id(at), this.random.id(at)];
    return { tenantId, personId, role, tenantSlug, passwordHash: await this.passwords.hash(password), commandId, addedBy: null };
  }
}
