import { type KeyObject, randomUUID } from 'node:crypto';
import { id } from '@parley/kernel/meta.js';
import { decodeProtectedHeader, SignJWT } from 'jose';
import { z } from 'zod';
import { personRole, type PersonRole } from '../domain/person.events.js';
import { ALGORITHM, type SigningKeys } from './signing-keys.js';
import type { TokenSettings } from './token-settings.js';

/** Tells an access token from any other token that the same keys may sign one day (RFC 9068). */
export const TOKEN_TYPE = 'at+jwt';

/** How far ahead another process's clock may be, in seconds. A token's end is never stretched. */
export const LEEWAY_S = 30;

/** Whom an access token is for. */
export interface TokenHolder {
  readonly tenantId: string;
  readonly personId: string;
  readonly role: PersonRole;
  readonly sessionId: string;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** @param until end of the session: the token ends with it at the latest */
export async function issueAccessToken(holder: TokenHolder, until: Date, now: Date, keys: SigningKeys, settings: TokenSettings): Promise<AccessToken> {
  const issuedAt = Math.floor(now.getTime() / 1_000);
  const end = Math.floor(Math.min(now.getTime() + settings.accessTokenLifeMs, until.getTime()) / 1_000);
  const token = await new SignJWT({ tid: holder.tenantId, role: holder.role, sid: holder.sessionId })
    .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE, kid: keys.kid })
    .setIssuer(settings.issuer)
    .setAudience(settings.audience)
    .setSubject(holder.personId)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(end)
    .setJti(randomUUID())
    .sign(keys.privateKey);
  return { token, expiresAt: new Date(end * 1_000) };
}

/**
 * Three parts of base64url, the last of which are the 64 bytes of the signature, written in the one way there is: the two last bits
 * of its last character, which carry nothing, are zero. So no two texts are the same token.
 */
const SHAPE = /^[\w-]{1,500}\.[\w-]{1,2000}\.[\w-]{85}[AQgw]$/;

/** Just what we write: a header that brings its own key, or a place to fetch one, is nobody's we know. */
const header = z.strictObject({ alg: z.literal(ALGORITHM), typ: z.literal(TOKEN_TYPE), kid: z.string() });

/** The key that a token must be checked with, or undefined when it is not one of ours. */
export function keyFor(token: string, keys: SigningKeys): KeyObject | undefined {
  if (!SHAPE.test(token)) return undefined;
  try {
    const { data } = header.safeParse(decodeProtectedHeader(token));
    return data && keys.find(data.kid);
  } catch {
    return undefined; // no JSON in it
  }
}

const seconds = z.int().nonnegative();

const claims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: id,
  tid: id,
  sid: id,
  role: personRole,
  iat: seconds,
  nbf: seconds,
  exp: seconds,
  jti: z.string(),
});

export interface VerifiedToken extends TokenHolder {
  readonly expiresAt: Date;
}

/**
 * What the claims of a token with a good signature say.
 *
 * @returns undefined when they are not what we write, or the token is not yet, or no longer, good
 */
export function holderOf(payload: unknown, now: Date, settings: TokenSettings): VerifiedToken | undefined {
  const { data } = claims.safeParse(payload);
  const at = now.getTime() / 1_000;
  if (!data || data.iss !== settings.issuer || data.aud !== settings.audience) return undefined;
  if (data.nbf > at + LEEWAY_S || data.exp <= at) return undefined;
  return { tenantId: data.tid, personId: data.sub, role: data.role, sessionId: data.sid, expiresAt: new Date(data.exp * 1_000) };
}
