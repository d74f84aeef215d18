import { Databases } from '@parley/platform/postgres/databases.js';
import { writeSideTable } from '@parley/platform/postgres/write-side-table.js';
import { Random } from '@parley/platform/random/random.js';
import { Injectable } from '@nestjs/common';
import type { SESSION_ENDS } from '../domain/session.events.js';
import type { TokenHolder } from '../tokens/access-token.js';
import { IdentitySecrets } from '../tokens/identity-secrets.js';
import { hashOf, RefreshTokenFormat, type RefreshToken } from '../tokens/refresh-token.js';
import { TokenSettings } from '../tokens/token-settings.js';

/** One row a session: its present refresh token, hashed. Times are the database's, so that processes agree whatever their clocks. */
export const refreshTokensTable = writeSideTable({
  name: 'identity.refresh_tokens',
  tenant: true,
  columns: `session_id uuid not null,
    person_id uuid not null,
    role text not null,
    generation int not null,
    token_hash bytea not null,
    exchanged_at timestamptz,
    idle_until timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text`,
  primaryKey: ['session_id'],
  indexes: [{ name: 'refresh_tokens_by_person', on: '(tenant_id, person_id)' }],
});

/** How long an exchanged token may be exchanged again, for the same successor: its answer may have been lost, or asked for twice at once. */
export const GRACE_S = 10;

export type SessionEnd = (typeof SESSION_ENDS)[number];

export interface HeldToken extends TokenHolder {
  readonly refreshToken: string;
  readonly refreshTokenExpiresAt: Date;
  readonly sessionExpiresAt: Date;
}

/** What became of a refresh token that was shown to us. */
export type Exchange =
  | { readonly outcome: 'exchanged'; readonly held: HeldToken }
  /** The session has ended, perhaps just now and because of this token. */
  | { readonly outcome: 'ended'; readonly holder: TokenHolder; readonly reason: SessionEnd }
  /** Not ours, or too old. */
  | { readonly outcome: 'unknown' };

interface Row {
  readonly person_id: string;
  readonly role: TokenHolder['role'];
  readonly generation: number;
  readonly token_hash: Buffer;
  readonly is_recent: boolean;
  readonly is_over: boolean;
  readonly idle_until: Date;
  readonly expires_at: Date;
  readonly end_reason: SessionEnd | null;
}

const COLUMNS = `person_id, role, generation, token_hash, idle_until, expires_at, end_reason, idle_until <= now() as is_over,
  coalesce(exchanged_at > now() - interval '${GRACE_S} seconds', false) as is_recent`;

@Injectable()
export class RefreshTokens {
  private readonly format: RefreshTokenFormat;

  constructor(
    private readonly databases: Databases,
    private readonly random: Random,
    private readonly settings: TokenSettings,
    secrets: IdentitySecrets,
  ) {
    this.format = new RefreshTokenFormat(secrets.refreshTokens);
  }

  /** The first token of a new session. The person's sessions that are over are forgotten. */
  async open({ tenantId, personId, role, sessionId }: TokenHolder, sessionExpiresAt: Date): Promise<HeldToken> {
    const token = this.format.first(tenantId, sessionId, this.random.bytes(32));
    const forget = 'delete from identity.refresh_tokens where tenant_id = $1 and person_id = $2 and idle_until <= now()';
    await this.databases.writer.query(forget, [tenantId, personId]);
    const insert = `insert into identity.refresh_tokens (tenant_id, session_id, person_id, role, generation, token_hash, idle_until, expires_at)
      values ($1, $2, $3, $4, 0, $5, least(now() + make_interval(secs => $6), $7), $7) returning ${COLUMNS}`;
    const values = [tenantId, sessionId, personId, role, hashOf(token), this.settings.sessionIdleMs / 1_000, sessionExpiresAt];
    const { rows } = await this.databases.writer.query<Row>(insert, values);
    return held(token, rows[0]!);
  }

  /** Of any number that show the same token at once, one exchanges it; the others get the same successor. */
  async exchange(text: string): Promise<Exchange> {
    const token = this.format.read(text);
    if (!token) return { outcome: 'unknown' };
    const next = this.format.successor(token);
    const exchanged = await this.advance(token, next);
    if (exchanged) return { outcome: 'exchanged', held: held(next, exchanged) };

    const row = await this.find(token);
    if (!row) return { outcome: 'unknown' };
    if (row.end_reason) return { outcome: 'ended', holder: holderOf(token, row), reason: row.end_reason };
    if (row.is_over || row.generation <= token.generation) return { outcome: 'unknown' };
    if (row.is_recent && row.token_hash.equals(hashOf(next))) return { outcome: 'exchanged', held: held(next, row) };
    await this.end(token, 'refresh-token-reused');
    return { outcome: 'ended', holder: holderOf(token, row), reason: 'refresh-token-reused' };
  }

  /** No token of the session is exchanged any more. The first reason stands. */
  async end({ tenantId, sessionId }: Pick<TokenHolder, 'tenantId' | 'sessionId'>, reason: SessionEnd): Promise<void> {
    const update = `update identity.refresh_tokens set ended_at = now(), end_reason = $3
      where tenant_id = $1 and session_id = $2 and ended_at is null`;
    await this.databases.writer.query(update, [tenantId, sessionId, reason]);
  }

  /** The person's sessions that are kept, ended ones too. */
  async sessionsOf(tenantId: string, personId: string): Promise<string[]> {
    const select = 'select session_id from identity.refresh_tokens where tenant_id = $1 and person_id = $2';
    const { rows } = await this.databases.writer.query<{ session_id: string }>(select, [tenantId, personId]);
    return rows.map(({ session_id: sessionId }) => sessionId);
  }

  /** Forgets a session altogether. */
  async remove(tenantId: string, sessionId: string): Promise<void> {
    await this.databases.writer.query('delete from identity.refresh_tokens where tenant_id = $1 and session_id = $2', [tenantId, sessionId]);
  }

  /** @returns undefined when the token is not the present one, or its session is over */
  private async advance({ tenantId, sessionId, generation, ...token }: RefreshToken, next: RefreshToken): Promise<Row | undefined> {
    const update = `update identity.refresh_tokens
      set generation = generation + 1, token_hash = $5, exchanged_at = now(), idle_until = least(now() + make_interval(secs => $6), expires_at)
      where tenant_id = $1 and session_id = $2 and generation = $3 and token_hash = $4 and ended_at is null and idle_until > now()
      returning ${COLUMNS}`;
    const own = hashOf({ tenantId, sessionId, generation, ...token });
    const { rows } = await this.databases.writer.query<Row>(update, [tenantId, sessionId, generation, own, hashOf(next), this.settings.sessionIdleMs / 1_000]);
    return rows[0];
  }

  private async find({ tenantId, sessionId }: RefreshToken): Promise<Row | undefined> {
    const select = `select ${COLUMNS} from identity.refresh_tokens where tenant_id = $1 and session_id = $2`;
    return (await this.databases.writer.query<Row>(select, [tenantId, sessionId])).rows[0];
  }
}

const holderOf = ({ tenantId, sessionId }: RefreshToken, { person_id: personId, role }: Row): TokenHolder => ({ tenantId, sessionId, personId, role });

const held = (token: RefreshToken, row: Row): HeldToken => ({
  ...holderOf(token, row),
  refreshToken: token.text,
  refreshTokenExpiresAt: row.idle_until,
  sessionExpiresAt: row.expires_at,
});
