import { linkOf, START } from '#parley-verify';
import type { Delivery } from '@parley/platform/event-log/event-log.js';
import type { StoredFact, StoreIdentity } from '@parley/platform/event-store/event-store.js';
import { failpoint } from '@parley/platform/failpoints/failpoints.js';
import { arrayLiteral } from '@parley/platform/read-model/array-literal.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { LRUCache } from 'lru-cache';
import type { Client } from 'pg';
import { contentOf } from './chained-fact.js';

/** Where a tenant's chain ends. */
interface ChainEnd {
  readonly facts: number;
  readonly streams: number;
  readonly link: string;
  readonly signedFacts: number;
  readonly lastAt: Date;
  readonly unsignedSince: Date | null;
}

interface Link {
  readonly tenantId: string;
  readonly number: number;
  readonly eventId: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly hash: string;
}

/** Ends of chains that are kept in memory; another one is read again. More than a delivery has facts. */
const MOST_ENDS = 10_000;

const log = logger('audit');

/** Chains facts: their links, the ends of the chains and the checkpoint in one transaction, by one statement. */
export class ChainWriter {
  private readonly ends = new LRUCache<string, ChainEnd>({ max: MOST_ENDS });
  private readonly positions = new Map<number, bigint>();

  /** @param client of the writer's role; it must be the only one that chains */
  constructor(private readonly client: Client, private readonly identity: StoreIdentity) {}

  /** Where a lane goes on. Links of another log than this are made anew: they follow from the log. Heads stay, and tell whether they do. */
  async begin(lane: number): Promise<bigint> {
    const { rows } = await this.client.query<{ position: bigint; isOurs: boolean }>(
      'select position, (store_id, epoch) = ($2::uuid, $3::int) as "isOurs" from audit.chain_checkpoints where lane = $1',
      [lane, this.identity.storeId, this.identity.epoch],
    );
    const [checkpoint] = rows;
    if (checkpoint && !checkpoint.isOurs) await this.startAnew();
    const position = checkpoint?.isOurs ? checkpoint.position : 0n;
    this.positions.set(lane, position);
    return position;
  }

  /** @returns of the tenants that got links, how many facts no head covers */
  async take({ lane, facts, through }: Delivery): Promise<ReadonlyMap<string, number>> {
    const after = this.positions.get(lane) ?? (await this.begin(lane));
    if (through <= after) return new Map();
    const news = facts.filter(({ position }) => position > after);
    await this.load(new Set(news.map(({ tenantId }) => tenantId)));
    const [links, ends] = this.chained(news);
    await failpoint('audit.before_link');
    await this.write(lane, through, links, ends);
    await failpoint('audit.after_link');
    for (const [tenantId, end] of ends) this.ends.set(tenantId, end);
    this.positions.set(lane, through);
    return new Map([...ends].map(([tenantId, { facts: count, signedFacts }]) => [tenantId, count - signedFacts]));
  }

  /** A head was signed, or links were made anew: what memory says of the tenant is old. */
  forget(tenantId: string): void {
    this.ends.delete(tenantId);
  }

  private chained(facts: readonly StoredFact[]): [Link[], Map<string, ChainEnd>] {
    const links: Link[] = [];
    const ends = new Map<string, ChainEnd>();
    for (const fact of facts) {
      const { tenantId, eventId, stream, revision, recordedAt } = fact;
      const end = ends.get(tenantId) ?? this.ends.get(tenantId);
      const number = (end?.facts ?? 0) + 1;
      const link = linkOf(end?.link ?? START, tenantId, number, contentOf(fact));
      const signedFacts = end?.signedFacts ?? 0;
      const unsignedSince = end?.unsignedSince ?? (number > signedFacts ? recordedAt : null);
      ends.set(tenantId, { facts: number, streams: (end?.streams ?? 0) + (revision === 0n ? 1 : 0), link, signedFacts, lastAt: recordedAt, unsignedSince });
      links.push({ tenantId, number, eventId, stream, revision, hash: link });
    }
    return [links, ends];
  }

  private async load(tenants: ReadonlySet<string>): Promise<void> {
    const unknown = [...tenants].filter((tenantId) => !this.ends.has(tenantId));
    if (unknown.length === 0) return;
    const { rows } = await this.client.query<Omit<ChainEnd, 'facts' | 'streams' | 'signedFacts'> & { tenantId: string; facts: bigint; streams: bigint; signedFacts: bigint }>({
      name: 'chain-ends',
      text: `select tenant_id as "tenantId", facts, streams, link, signed_facts as "signedFacts", last_at as "lastAt", unsigned_since as "unsignedSince"
        from audit.chains where tenant_id = any($1::uuid[])`,
      values: [unknown],
    });
    for (const { tenantId, ...end } of rows) this.ends.set(tenantId, { ...end, facts: Number(end.facts), streams: Number(end.streams), signedFacts: Number(end.signedFacts) });
  }

  private async write(lane: number, position: bigint, links: readonly Link[], ends: ReadonlyMap<string, ChainEnd>): Promise<void> {
    const linked = (column: Exclude<keyof Link, 'stream'>) => `{${links.map((link) => link[column]).join(',')}}`; // ids, numbers and hex need no quotes
    const ended = <Column extends keyof ChainEnd>(column: Column) => arrayLiteral([...ends.values()].map((end) => end[column]), false);
    await this.client.query({
      name: 'chain-facts',
      text: `
with linked as (
  insert into audit.links (tenant_id, number, event_id, stream, revision, hash)
  select tenant_id, number, event_id, stream, revision, decode(hash, 'hex')
  from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::bigint[], $6::text[]) as link (tenant_id, number, event_id, stream, revision, hash)
), ended as (
  insert into audit.chains (tenant_id, facts, streams, link, last_at, unsigned_since)
  select * from unnest($7::uuid[], $8::bigint[], $9::bigint[], $10::text[], $11::timestamptz[], $12::timestamptz[])
  on conflict (tenant_id) do update set facts = excluded.facts, streams = excluded.streams, link = excluded.link,
    last_at = excluded.last_at, unsigned_since = excluded.unsigned_since
)
insert into audit.chain_checkpoints (lane, position, store_id, epoch) values ($13, $14, $15, $16)
on conflict (lane) do update set position = excluded.position`,
      values: [
        linked('tenantId'), linked('number'), linked('eventId'), arrayLiteral(links.map(({ stream }) => stream), false), linked('revision'), linked('hash'),
        arrayLiteral([...ends.keys()], false), ended('facts'), ended('streams'), ended('link'), ended('lastAt'), ended('unsignedSince'),
        lane, position, this.identity.storeId, this.identity.epoch,
      ],
    });
  }

  private async startAnew(): Promise<void> {
    log.warn('audit-chain.started-anew', { storeId: this.identity.storeId, epoch: this.identity.epoch, hint: 'the log is another one, or was set back: parley audit verify says whether it holds what was signed' });
    await this.client.query(`
begin;
delete from audit.links;
delete from audit.chain_checkpoints;
update audit.chains set facts = 0, streams = 0, link = '${START}', unsigned_since = null;
commit`);
    this.ends.clear();
    this.positions.clear();
  }
}
