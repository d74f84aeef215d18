import { MasterKey } from '@parley/platform/key-store/master-key.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { SystemRandom } from '@parley/platform/random/random.js';
import { masterKey, specDatabases } from '@parley/platform/testing/database.js';
import { personId, tenantId } from '@parley/platform/testing/meta.js';
import { IdentitySecrets } from '../tokens/identity-secrets.js';
import { TokenSettings } from '../tokens/token-settings.js';
import { RefreshTokens, refreshTokensTable } from './refresh-tokens.js';

const DAY_MS = 86_400_000;
const settings = TokenSettings.read({});
const reused = 'refresh-token-reused';

let databases: Databases;
let tokens: RefreshTokens;
beforeAll(async () => {
  databases = await specDatabases([refreshTokensTable]);
  tokens = new RefreshTokens(databases, new SystemRandom(), settings, new IdentitySecrets(new MasterKey(masterKey)));
});
afterAll(() => databases.close());

const opened = (lifeMs = settings.sessionLifeMs) =>
  tokens.open({ tenantId, personId, role: 'member', sessionId: crypto.randomUUID() }, new Date(Date.now() + lifeMs));
const exchanged = async (text: string) => {
  const exchange = await tokens.exchange(text);
  if (exchange.outcome !== 'exchanged') throw new Error(`was ${exchange.outcome}`);
  return exchange.held.refreshToken;
};
/** Lets time pass for one session, in the database, whose clock counts. */
const pass = (sessionId: string, ms: number) =>
  databases.writer.query(
    `update identity.refresh_tokens set exchanged_at = exchanged_at - make_interval(secs => $3), idle_until = idle_until - make_interval(secs => $3),
      expires_at = expires_at - make_interval(secs => $3) where tenant_id = $1 and session_id = $2`,
    [tenantId, sessionId, ms / 1_000],
  );

describe('a refresh token on Postgres', () => {
  it('is exchanged for the next one, and that for the one after', async () => {
    const { refreshToken: first } = await opened();
    const second = await exchanged(first);
    const third = await exchanged(second);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it('is kept as a hash alone: no row holds any of the tokens', async () => {
    const { refreshToken: first, sessionId } = await opened();
    const second = await exchanged(first);
    const { rows } = await databases.writer.query('select t::text from identity.refresh_tokens t where session_id = $1', [sessionId]);
    const secrets = [first, second].flatMap((text) => [text, text.slice(4), Buffer.from(text.slice(4), 'base64url').toString('hex', 36, 68)]);
    for (const secret of secrets) expect(JSON.stringify(rows)).not.toContain(secret);
  });

  it('gives the same answer again within ten seconds: the first may have been lost', async () => {
    const { refreshToken, sessionId } = await opened();
    const next = await exchanged(refreshToken);
    await pass(sessionId, 9_000);
    expect(await exchanged(refreshToken)).toBe(next);
    expect(await exchanged(next)).not.toBe(next);
  });

  it('ends the session when it comes back later, for thief and owner alike', async () => {
    const { refreshToken, sessionId } = await opened();
    const next = await exchanged(refreshToken);
    await pass(sessionId, 10_001);
    const ended = { outcome: 'ended', reason: reused, holder: { tenantId, personId, role: 'member', sessionId } };
    expect(await tokens.exchange(refreshToken)).toEqual(ended);
    expect(await tokens.exchange(next)).toEqual(ended);
  });

  it('ends the session when it comes back after its successor was used, however soon', async () => {
    const { refreshToken } = await opened();
    const third = await exchanged(await exchanged(refreshToken));
    expect(await tokens.exchange(refreshToken)).toMatchObject({ outcome: 'ended', reason: reused });
    expect(await tokens.exchange(third)).toMatchObject({ outcome: 'ended' });
  });

  it('is exchanged once when a hundred show it at once, and all get the same', async () => {
    const { refreshToken, sessionId } = await opened();
    const answers = await Promise.all(Array.from({ length: 100 }, () => exchanged(refreshToken)));
    expect(new Set(answers).size).toBe(1);
    const { rows } = await databases.writer.query('select generation from identity.refresh_tokens where session_id = $1', [sessionId]);
    expect(rows).toEqual([{ generation: 1 }]);
    await exchanged(answers[0]!);
  });

  it('is worth nothing once its session has ended', async () => {
    const held = await opened();
    await tokens.end(held, 'signed-out');
    await tokens.end(held, reused);
    expect(await tokens.exchange(held.refreshToken)).toMatchObject({ outcome: 'ended', reason: 'signed-out' });
  });

  it('is never exchanged after the end of its session, when both come at once', async () => {
    for (let round = 0; round < 30; round++) {
      const held = await opened();
      const [exchange] = await Promise.all([tokens.exchange(held.refreshToken), tokens.end(held, 'signed-out')]);
      const after = exchange.outcome === 'exchanged' ? exchange.held.refreshToken : held.refreshToken;
      expect(await tokens.exchange(after)).toMatchObject({ outcome: 'ended' });
    }
  });

  it('rests seven days at most', async () => {
    const [rested, overslept] = [await opened(), await opened()];
    await pass(rested.sessionId, 7 * DAY_MS - 5_000);
    await pass(overslept.sessionId, 7 * DAY_MS + 1);
    await exchanged(rested.refreshToken);
    expect(await tokens.exchange(overslept.refreshToken)).toEqual({ outcome: 'unknown' });
  });

  it('lives no longer than its session, however often it is exchanged', async () => {
    const held = await opened(2 * DAY_MS);
    expect(held.refreshTokenExpiresAt).toEqual(held.sessionExpiresAt);
    await pass(held.sessionId, DAY_MS);
    const exchange = await tokens.exchange(held.refreshToken);
    if (exchange.outcome !== 'exchanged') throw new Error(exchange.outcome);
    expect(exchange.held.refreshTokenExpiresAt.getTime() - Date.now()).toBeLessThan(DAY_MS + 1_000);
    await pass(held.sessionId, DAY_MS + 1);
    expect(await tokens.exchange(exchange.held.refreshToken)).toEqual({ outcome: 'unknown' });
  });

  it('is told from one that someone made up, which ends nothing', async () => {
    const { refreshToken } = await opened();
    const bytes = Buffer.from(refreshToken.slice(4), 'base64url');
    bytes[40]! ^= 1;
    expect(await tokens.exchange(`prt_${bytes.toString('base64url')}`)).toEqual({ outcome: 'unknown' });
    expect(await tokens.exchange(refreshToken.replace('prt_', 'pr_'))).toEqual({ outcome: 'unknown' });
    expect(await exchanged(refreshToken)).not.toBe(refreshToken);
  });

  it('is forgotten with its session, once that is over, when the person signs in again', async () => {
    const held = await opened();
    await pass(held.sessionId, 8 * DAY_MS);
    await opened();
    expect((await databases.writer.query('select 1 from identity.refresh_tokens where session_id = $1', [held.sessionId])).rows).toEqual([]);
  });

  it('cannot be seen by the role that answers queries', () =>
    expect(databases.app.query('select * from identity.refresh_tokens')).rejects.toThrow('permission denied'));
});
