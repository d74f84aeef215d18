import type { IssuedSession } from '../domain/sign-in.commands.js';
import { issueAccessToken } from '../tokens/access-token.js';
import type { SigningKeys } from '../tokens/signing-keys.js';
import type { TokenSettings } from '../tokens/token-settings.js';
import type { HeldToken } from './refresh-tokens.js';

/** Puts an access token beside the refresh token. */
export async function issuedSession(held: HeldToken, now: Date, keys: SigningKeys, settings: TokenSettings): Promise<IssuedSession> {
  const { sessionExpiresAt, ...session } = held;
  const { token, expiresAt } = await issueAccessToken(held, sessionExpiresAt, now, keys, settings);
  return { ...session, accessToken: token, accessTokenExpiresAt: expiresAt };
}
