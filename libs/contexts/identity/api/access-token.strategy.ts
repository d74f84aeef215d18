import { Clock } from '@parley/platform/clock/clock.js';
import type { CallerIdentity } from '@parley/platform/graphql-kit/caller.js';
import { Unauthenticated } from '@parley/platform/graphql-kit/refusals.js';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import { HasSessionEnded } from '../read/sessions/has-session-ended.query.js';
import { holderOf, keyFor } from '../tokens/access-token.js';
import { ALGORITHM, SigningKeys } from '../tokens/signing-keys.js';
import { TokenSettings } from '../tokens/token-settings.js';

interface WithHeaders {
  readonly headers?: { readonly authorization?: string };
}

/** One token after the one word, and nothing else. */
const BEARER = /^Bearer ([\w.-]+)$/i;

/**
 * The guard's strategy `jwt`: a token is good when one of our keys signed it, in our way, for us, for now, and its session has not
 * ended. Everything that is wrong with a token is said in the same words.
 */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(keys: SigningKeys, private readonly settings: TokenSettings, private readonly clock: Clock, private readonly queries: QueryBus) {
    super({
      jwtFromRequest: ({ headers }: WithHeaders) => BEARER.exec(headers?.authorization ?? '')?.[1] ?? null,
      secretOrKeyProvider: (_request, token: string, done) => {
        const key = keyFor(token, keys);
        if (key) done(null, key as unknown as string); // jsonwebtoken takes a KeyObject; passport-jwt's types do not know
        else done('not one of our tokens');
      },
      algorithms: [ALGORITHM],
      issuer: settings.issuer,
      audience: settings.audience,
      // `holderOf` compares the times, with our clock.
      ignoreExpiration: true,
      jsonWebTokenOptions: { ignoreNotBefore: true },
    } satisfies StrategyOptionsWithoutRequest);
  }

  /** @throws Unauthenticated */
  async validate(payload: unknown): Promise<CallerIdentity> {
    const holder = holderOf(payload, this.clock.now(), this.settings);
    if (!holder || (await this.queries.execute(new HasSessionEnded(holder.tenantId, holder.sessionId, holder.personId)))) throw new Unauthenticated();
    return holder;
  }
}
