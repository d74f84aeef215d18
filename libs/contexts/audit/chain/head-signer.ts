import { digestOf, HEAD_FORMAT, hashOf, type SignedHead } from '#parley-verify';
import type { Clock } from '@parley/platform/clock/clock.js';
import { defineConfig, integer } from '@parley/platform/config/config.js';
import type { StoreIdentity } from '@parley/platform/event-store/event-store.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import type { Client } from 'pg';
import type { SigningKey } from './signing-key.js';

export const headsConfig = defineConfig({
  PARLEY_AUDIT_HEAD_INTERVAL_MS: integer(1_000).default(86_400_000).describe('the time is cut into pieces of this length, from midnight UTC of 1970 on; at the end of each, every tenant’s new facts are signed'),
  PARLEY_AUDIT_HEAD_FACTS: integer(1).default(10_000).describe('most facts of a tenant that wait for a signature'),
});

/** When heads are due. */
export interface HeadSettings {
  readonly intervalMs: number;
  readonly mostFacts: number;
}

export const readHeadSettings = (): HeadSettings => {
  const { PARLEY_AUDIT_HEAD_INTERVAL_MS: intervalMs, PARLEY_AUDIT_HEAD_FACTS: mostFacts } = headsConfig.read();
  return { intervalMs, mostFacts };
};

interface ChainRow {
  readonly facts: bigint;
  readonly streams: bigint;
  readonly link: string;
  readonly lastAt: Date;
  readonly unsignedSince: Date | null;
  readonly signedFacts: bigint;
  readonly heads: number;
  readonly previousHead: string | null;
}

/** Signs heads: each closes what a tenant's chain has got since the last. */
export class HeadSigner {
  /** @param client the one that chains: nothing may be chained while a head is made */
  constructor(private readonly client: Client, private readonly key: SigningKey, private readonly identity: StoreIdentity, private readonly clock: Clock, readonly settings: HeadSettings) {}

  /** Shows the public half to those who check. */
  async showKey(): Promise<void> {
    await this.client.query('insert into audit.keys (key_id, public_key) values ($1, $2) on conflict do nothing', [this.key.keyId, this.key.publicKey]);
  }

  /** Signs what a day has closed, and what is too much to wait for its end. @returns whose heads were signed */
  async signDue(): Promise<readonly string[]> {
    const { intervalMs, mostFacts } = this.settings;
    const now = this.clock.now().getTime();
    const { rows } = await this.client.query<{ tenantId: string }>({
      name: 'heads-due',
      text: 'select tenant_id as "tenantId" from audit.chains where unsigned_since < $1 or (unsigned_since is not null and facts - signed_facts >= $2) limit 1000',
      values: [new Date(now - (now % intervalMs)), mostFacts],
    });
    for (const { tenantId } of rows) await this.sign(tenantId);
    return rows.map(({ tenantId }) => tenantId);
  }

  /** Signs for those who wait, once the chain holds what they wait for. @returns whose heads were signed */
  async signWished(): Promise<readonly string[]> {
    const { rows } = await this.client.query<{ tenantId: string; exportId: string }>({
      name: 'heads-wished',
      text: `select wish.tenant_id as "tenantId", wish.export_id as "exportId" from audit.head_wishes wish join audit.chains chain using (tenant_id)
        where exists (select from audit.links link where link.tenant_id = wish.tenant_id and link.number > least(wish.after_facts, chain.facts - 1) and link.stream = wish.stream)`,
    });
    for (const { tenantId, exportId } of rows) await this.sign(tenantId, exportId);
    return rows.map(({ tenantId }) => tenantId);
  }

  /** Signs a head over all that is chained of the tenant. */
  async sign(tenantId: string, exportId: string | null = null): Promise<void> {
    await failpoint('audit.before_sign');
    await this.client.query('begin; set local synchronous_commit = on'); // what is published must not be lost here
    try {
      const chain = await this.chain(tenantId);
      const head = chain.heads + 1;
      const signed = this.key.sign({
        format: HEAD_FORMAT,
        tenantId,
        ...this.identity,
        head,
        previous: chain.previousHead,
        facts: Number(chain.facts),
        streams: Number(chain.streams),
        streamsDigest: digestOf(await this.counts(tenantId, chain.signedFacts)),
        link: chain.link,
        firstAt: chain.unsignedSince?.toISOString() ?? null,
        lastAt: chain.unsignedSince ? chain.lastAt.toISOString() : null,
        signedAt: this.clock.now().toISOString(),
        exportId,
      });
      await this.keep(tenantId, head, chain.facts, signed, exportId);
      await this.client.query('commit');
    } catch (error) {
      await this.client.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  private async chain(tenantId: string): Promise<ChainRow> {
    const { rows } = await this.client.query<ChainRow>({
      name: 'head-chain',
      text: `select facts, streams, link, last_at as "lastAt", unsigned_since as "unsignedSince", signed_facts as "signedFacts", heads, previous_head as "previousHead"
        from audit.chains where tenant_id = $1`,
      values: [tenantId],
    });
    return rows[0]!;
  }

  /** How many facts the streams have that got some since the last head. */
  private async counts(tenantId: string, signedFacts: bigint): Promise<[string, number][]> {
    const { rows } = await this.client.query<{ stream: string; count: bigint }>({
      name: 'head-counts',
      text: 'select stream, max(revision) + 1 as count from audit.links where tenant_id = $1 and number > $2 group by stream',
      values: [tenantId, signedFacts],
    });
    return rows.map(({ stream, count }) => [stream, Number(count)]);
  }

  private async keep(tenantId: string, head: number, facts: bigint, { payload, signature }: SignedHead, exportId: string | null): Promise<void> {
    await this.client.query({
      name: 'head-keep',
      text: `
with kept as (
  insert into audit.heads (tenant_id, head, facts, payload, signature, key_id, export_id) values ($1, $2, $3, $4, $5, $6, $7)
), granted as (
  delete from audit.head_wishes where tenant_id = $1 and export_id = $7
)
update audit.chains set heads = $2, signed_facts = $3, previous_head = $8, unsigned_since = null where tenant_id = $1`,
      values: [tenantId, head, facts, payload, signature, this.key.keyId, exportId, hashOf(payload)],
    });
  }
}
