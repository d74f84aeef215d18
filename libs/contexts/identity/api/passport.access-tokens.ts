import { AccessTokens, type CallerIdentity } from '@parley/platform/graphql-kit/caller.js';
import { Unauthenticated } from '@parley/platform/graphql-kit/refusals.js';
import { Injectable } from '@nestjs/common';
import { AccessTokenStrategy } from './access-token.strategy.js';

/** What passport calls a strategy with: the request, and three ways to answer. */
interface Attempt {
  success(caller: CallerIdentity): void;
  fail(challenge: unknown): void;
  error(error: Error): void;
  authenticate(request: { headers: { authorization: string } }): void;
}

/** Asks the guard's own strategy, so that there is one answer to what a good token is. */
@Injectable()
export class PassportAccessTokens extends AccessTokens {
  constructor(private readonly strategy: AccessTokenStrategy) {
    super();
  }

  verify(token: string): Promise<CallerIdentity> {
    return new Promise((resolve, reject) => {
      const attempt = Object.create(this.strategy) as Attempt; // as passport does for each request
      attempt.success = resolve;
      attempt.fail = () => reject(new Unauthenticated());
      attempt.error = reject;
      attempt.authenticate({ headers: { authorization: `Bearer ${token}` } });
    });
  }
}
