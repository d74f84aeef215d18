import { createPublicKey, type KeyObject } from 'node:crypto';
import { keyIdOf, type SignedHead } from '#parley-verify';
import { Databases } from '@parley/platform/postgres/databases.js';
import { Injectable } from '@nestjs/common';

/** What was written down of a fact when it was chained. */
export interface LinkRow {
  readonly number: number;
  readonly eventId: string;
  readonly stream: string;
  readonly revision: number;
  readonly hash: string;
}

export interface HeadRow extends SignedHead {
  readonly head: number;
  readonly facts: number;
}

/** Where a tenant's chain ends, as it was written down. */
export interface ChainEndRow {
  readonly facts: number;
  readonly link: string;
}

/** The chains as they are written down. */
@Injectable()
export class ChainReads {
  constructor(private readonly databases: Databases) {}

  async end(tenantId: string): Promise<ChainEndRow | undefined> {
    const [row] = await this.ask<{ facts: bigint; link: string }>('chain-end', 'select facts, link from audit.chains where tenant_id = $1', [tenantId]);
    return row && { facts: Number(row.facts), link: row.link };
  }

  /** At most `limit` links after a number, in order. */
  async links(tenantId: string, after: number, limit: number): Promise<LinkRow[]> {
    const text = `select number, event_id as "eventId", stream, revision, encode(hash, 'hex') as hash from audit.links where tenant_id = $1 and number > $2 order by number limit $3`;
    const rows = await this.ask<Omit<LinkRow, 'number' | 'revision'> & { number: bigint; revision: bigint }>('chain-links', text, [tenantId, after, limit]);
    return rows.map((row) => ({ ...row, number: Number(row.number), revision: Number(row.revision) }));
  }

  /** Whether a fact was ever chained for the tenant. Slow: asked for what is out of place only. */
  async isLinked(tenantId: string, eventId: string): Promise<boolean> {
    return (await this.ask('chain-linked', 'select 1 as found from audit.links where tenant_id = $1 and event_id = $2 limit 1', [tenantId, eventId])).length > 0;
  }

  /** The heads after one, in order. */
  async heads(tenantId: string, after: number, limit: number): Promise<HeadRow[]> {
    const text = 'select head, facts, payload, signature from audit.heads where tenant_id = $1 and head > $2 order by head limit $3';
    const rows = await this.ask<Omit<HeadRow, 'facts'> & { facts: bigint }>('chain-heads', text, [tenantId, after, limit]);
    return rows.map((row) => ({ ...row, facts: Number(row.facts) }));
  }

  /** Number of the tenant's last head; 0 when it has none. */
  async lastHead(tenantId: string): Promise<number> {
    const [row] = await this.ask<{ head: number }>('chain-last-head', 'select coalesce(max(head), 0) as head from audit.heads where tenant_id = $1', [tenantId]);
    return row!.head;
  }

  async headOf(tenantId: string, exportId: string): Promise<HeadRow | undefined> {
    const text = 'select head, facts, payload, signature from audit.heads where tenant_id = $1 and export_id = $2 order by head desc limit 1';
    const [row] = await this.ask<Omit<HeadRow, 'facts'> & { facts: bigint }>('chain-export-head', text, [tenantId, exportId]);
    return row && { ...row, facts: Number(row.facts) };
  }

  /** Asks whoever has the key for a head that covers a stream, which begins after so many facts. The same wish again changes nothing. */
  async wish(tenantId: string, exportId: string, stream: string, afterFacts: number): Promise<void> {
    const text = 'insert into audit.head_wishes (tenant_id, export_id, stream, after_facts) values ($1, $2, $3, $4) on conflict do nothing';
    await this.ask('chain-wish', text, [tenantId, exportId, stream, afterFacts]);
  }

  /** Public keys that signed the tenant's heads up to one, in the form of a bundle. */
  async keysOf(tenantId: string, head: number): Promise<string[]> {
    const text = 'select public_key as key from audit.keys where key_id in (select key_id from audit.heads where tenant_id = $1 and head <= $2) order by first_used_at, key_id';
    return (await this.ask<{ key: string }>('chain-keys-of', text, [tenantId, head])).map(({ key }) => key);
  }

  /** All public keys, by the names that they have by right. */
  async keys(): Promise<ReadonlyMap<string, KeyObject>> {
    const rows = await this.ask<{ key: string }>('chain-keys', 'select public_key as key from audit.keys order by first_used_at, key_id', []);
    return new Map(rows.flatMap(({ key }) => named(key)));
  }

  async unanchored(): Promise<number> {
    const [row] = await this.ask<{ count: bigint }>('chain-unanchored', 'select count(*) from audit.heads where anchored_at is null', []);
    return Number(row!.count);
  }

  /** The place in the log up to which every lane is chained. */
  async chainedThrough(): Promise<bigint> {
    const [row] = await this.ask<{ position: bigint }>('chain-through', 'select coalesce(min(position), 0)::bigint as position from audit.chain_checkpoints', []);
    return row!.position;
  }

  private async ask<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    return (await this.databases.writer.query<Row>({ name, text, values })).rows;
  }
}

function named(text: string): [string, KeyObject][] {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return [[keyIdOf(key), key]];
  } catch {
    return []; // a row that someone spoiled: the heads that need it say that their key is missing
  }
}
