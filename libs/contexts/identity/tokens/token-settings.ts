import { defineConfig, integer, secret } from '@parley/platform/config/config.js';
import { z } from 'zod';

/** How tokens are signed, whom they are for, and how long they live. */
export const tokensConfig = defineConfig({
  PARLEY_JWT_PRIVATE_KEY: secret().optional().describe('P-256 keys, PEM: the first signs access tokens, any further ones are still accepted'),
  PARLEY_JWT_PRIVATE_KEY_FILE: z.string().optional().describe('a file that holds the same'),
  PARLEY_JWT_ISSUER: z.string().min(1).default('parley').describe('`iss` of access tokens'),
  PARLEY_JWT_AUDIENCE: z.string().min(1).default('parley').describe('`aud` of access tokens'),
  PARLEY_ACCESS_TOKEN_LIFE_SECONDS: integer(30, 86_400).default(900).describe('life of an access token'),
  PARLEY_SESSION_LIFE_DAYS: integer(1, 365).default(30).describe('longest life of a session, however often it is refreshed'),
  PARLEY_SESSION_IDLE_DAYS: integer(1, 365).default(7).describe('life of a refresh token: a session that rests longer is over'),
});

const DAY_MS = 86_400_000;

/** Whom tokens are for and how long they live, with units that code can use. */
export class TokenSettings {
  constructor(
    readonly issuer: string,
    readonly audience: string,
    readonly accessTokenLifeMs: number,
    readonly sessionLifeMs: number,
    readonly sessionIdleMs: number,
  ) {}

  /** @throws InvalidConfig */
  static read(env?: Readonly<Record<string, string | undefined>>): TokenSettings {
    const config = tokensConfig.read(env);
    return new TokenSettings(
      config.PARLEY_JWT_ISSUER,
      config.PARLEY_JWT_AUDIENCE,
      config.PARLEY_ACCESS_TOKEN_LIFE_SECONDS * 1_000,
      config.PARLEY_SESSION_LIFE_DAYS * DAY_MS,
      config.PARLEY_SESSION_IDLE_DAYS * DAY_MS,
    );
  }
}
