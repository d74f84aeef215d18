import { defineError } from '@parley/kernel/domain-error.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ProvePassword, type ProvenPerson } from '../domain/sign-in.commands.js';
import { Passwords } from '../passwords/passwords.js';
import { Credentials } from './credentials.js';
import { Registration } from './registration.js';

export class WrongCredentials extends defineError(
  'IDENTITY_WRONG_CREDENTIALS',
  'unauthenticated',
  'The e-mail address or the password is wrong.',
  'Check both, or register.',
) {}

const log = logger('identity');

/** The same answer, after the same work, whether the address or the password is wrong. */
@CommandHandler(ProvePassword)
export class ProvePasswordHandler implements ICommandHandler<ProvePassword> {
  constructor(private readonly credentials: Credentials, private readonly passwords: Passwords, private readonly registration: Registration) {}

  /** @throws WrongCredentials, TooManySignIns */
  async execute({ data: { email, password }, request }: ProvePassword): Promise<ProvenPerson> {
    const credential = await this.credentials.find(email);
    const isRight = await this.passwords.verify(password, credential?.passwordHash);
    if (!credential || !isRight) {
      log.info('sign-in.refused');
      throw new WrongCredentials();
    }
    if (this.passwords.isOutdated(credential.passwordHash)) {
      await this.credentials.rehash(email, credential.passwordHash, await this.passwords.hash(password));
    }
    return this.registration.settle(email, credential, request);
  }
}
