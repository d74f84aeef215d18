import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import { ProvePassword, type ProvenPerson, type UnprovenRequest } from '../domain/sign-in.commands.js';

/** What the strategy is asked with. */
export interface PasswordAttempt {
  readonly body: { readonly email: string; readonly password: string };
  readonly request: UnprovenRequest;
  /** Set by passport when the password was right. */
  user?: ProvenPerson;
}

/** The strategy `local`: an e-mail address and a password. */
@Injectable()
export class PasswordStrategy extends PassportStrategy(Strategy, 'local') {
  constructor(private readonly commands: CommandSender) {
    super({ usernameField: 'email', passwordField: 'password', passReqToCallback: true, session: false });
  }

  /** @throws WrongCredentials, TooManySignIns */
  validate({ request }: PasswordAttempt, email: string, password: string): Promise<ProvenPerson> {
    return this.commands.execute<ProvenPerson>(new ProvePassword({ email, password }, request));
  }
}
