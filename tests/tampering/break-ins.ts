import { randomUUID } from 'node:crypto';
import { linkOf, nameOf, START } from '#parley-verify';
import { contentOf } from '@parley/audit/chain/chained-fact.js';
import type { StoredFact } from '@parley/platform/event-store/event-store.js';
import type { Pool } from 'pg';
import type { Chance } from './archive.js';

/** What whoever has the database knows of it. */
export interface House {
  readonly owner: Pool;
  /** The tenant's facts in the order of the log. */
  readonly mine: readonly StoredFact[];
  readonly theirs: readonly StoredFact[];
}

const set = (owner: Pool, { position }: StoredFact, columns: string, ...values: unknown[]) => owner.query(`update parley.events set ${columns} where position = $1`, [position, ...values]);
const numberIn = (facts: readonly StoredFact[], fact: StoredFact) => facts.indexOf(fact) + 1;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const saying = (code: string, mine: readonly StoredFact[], fact: StoredFact) => new RegExp(`^${code}: ${escaped(nameOf(numberIn(mine, fact), { eventId: fact.eventId, stream: fact.stream, type: '' }).split(' (')[0]!)} \\(`, 'm');

/** Two facts, in the order of the log. */
function two(facts: readonly StoredFact[], { below }: Chance): [StoredFact, StoredFact] {
  const at = below(facts.length - 1);
  return [facts[at]!, facts[at + 1 + below(facts.length - at - 1)]!];
}

/** Makes the links and the end of the chain fit what the log holds now: everything but the key is in the forger's hands. */
async function chainAnew(owner: Pool, tenantId: string): Promise<void> {
  const { rows } = await owner.query<StoredFact>(
    `select event_id as "eventId", tenant_id as "tenantId", type, data, meta, position, stream, revision, recorded_at as "recordedAt" from parley.events where tenant_id = $1 order by position`,
    [tenantId],
  );
  await owner.query('delete from audit.links where tenant_id = $1', [tenantId]);
  let link = START;
  for (const [index, fact] of rows.entries()) {
    link = linkOf(link, tenantId, index + 1, contentOf(fact));
    await owner.query("insert into audit.links (tenant_id, number, event_id, stream, revision, hash) values ($1, $2, $3, $4, $5, decode($6, 'hex'))", [tenantId, index + 1, fact.eventId, fact.stream, fact.revision, link]);
  }
  await owner.query('update audit.chains set facts = $2, link = $3, streams = (select count(distinct stream) from audit.links where tenant_id = $1) where tenant_id = $1', [tenantId, rows.length, link]);
}

/** Every way that someone with the whole database in their hands changes its history here. @returns what the finding must say */
export const BREAK_INS: Readonly<Record<string, (house: House, by: Chance) => Promise<RegExp>>> = {
  async 'flip a bit'({ owner, mine }, { pick, below }) {
    const fact = pick(mine);
    const column = pick(['data', 'meta', 'type', 'stream'] as const);
    const text = fact[column];
    const at = below(text.length);
    const flipped = text.charCodeAt(at) ^ (1 << below(5)); // stays printable, or becomes another control character than NUL
    await set(owner, fact, `${column} = $2`, `${text.slice(0, at)}${String.fromCharCode(flipped === 0 || (flipped & 0xf800) === 0xd800 ? 0x41 : flipped)}${text.slice(at + 1)}`);
    return saying('changed', mine, fact);
  },

  async 'drop a fact'({ owner, mine }, { pick }) {
    const fact = pick(mine);
    await owner.query('delete from parley.events where position = $1', [fact.position]);
    return saying('missing', mine, fact);
  },

  async 'swap two facts'({ owner, mine }, by) {
    const [one, other] = two(mine, by);
    await owner.query('update parley.events set position = -1 where position = $1', [one.position]);
    await owner.query('update parley.events set position = $2 where position = $1', [other.position, one.position]);
    await owner.query('update parley.events set position = $1 where position = -1', [other.position]);
    return saying('moved', mine, one);
  },

  async 'move a fact to the end'({ owner, mine }, { below }) {
    const fact = mine[below(mine.length - 1)]!;
    await owner.query('update parley.events set position = (select max(position) + 1 from parley.events) where position = $1', [fact.position]);
    return saying('moved', mine, fact);
  },

  async 'swap what two facts say'({ owner, mine }, by) {
    const [one, other] = two(mine, by);
    await set(owner, one, 'data = $2', other.data);
    await set(owner, other, 'data = $2', one.data);
    return saying('changed', mine, one);
  },

  async 'insert a fact'({ owner, mine }, { pick }) {
    const before = pick(mine.slice(0, -1)); // what is added to the end of the log was recorded then, whoever did it
    await owner.query('update parley.events set position = position + 1000000 where position > $1', [before.position]);
    await owner.query('update parley.events set position = position - 999999 where position > 1000000');
    const eventId = randomUUID();
    await owner.query(
      `insert into parley.events (position, stream, revision, event_id, tenant_id, type, data, meta, recorded_at)
       select position + 1, stream || 'x', 0, $2, tenant_id, type, data, meta, recorded_at from parley.events where position = $1`,
      [before.position, eventId],
    );
    return new RegExp(`^inserted: Said ${eventId} of .* was put in`, 'm');
  },

  async 'put a fact into a stream where the log does not show it'({ owner, mine }, { pick, below }) {
    const { stream } = pick(mine);
    const eventId = randomUUID();
    await owner.query(
      `insert into parley.events (position, stream, revision, event_id, tenant_id, type, data, meta, recorded_at)
       select $3, stream, revision + 1, $2, tenant_id, type, data, meta, recorded_at from parley.events where stream = $1 order by revision desc limit 1`,
      [stream, eventId, -below(1_000)],
    );
    return new RegExp(`^inserted: Said ${eventId} of ${escaped(stream)} .* was put in`, 'm');
  },

  async 'cut the tail'({ owner, mine }, { below }) {
    const from = mine.length - 1 - below(20);
    await owner.query('delete from parley.events where tenant_id = $1 and position >= $2', [mine[0]!.tenantId, mine[from]!.position]);
    return saying('missing', mine, mine[from]!);
  },

  async 'cut the tail, and the chain with it'({ owner, mine }, { below }) {
    await owner.query('delete from parley.events where tenant_id = $1 and position >= $2', [mine[0]!.tenantId, mine[mine.length - 1 - below(20)]!.position]);
    await chainAnew(owner, mine[0]!.tenantId);
    return /^facts-differ: head \d+ counts \d+ facts in \d+ streams; here are/m;
  },

  async 'cut the tail, the chain and the heads with it'({ owner, mine }, { below }) {
    const kept = below(mine.length - 1) + 1;
    const [{ tenantId }] = [mine[0]!];
    await owner.query('delete from parley.events where tenant_id = $1 and position >= $2', [tenantId, mine[kept]!.position]);
    await chainAnew(owner, tenantId);
    await owner.query('delete from audit.heads where tenant_id = $1 and facts > $2', [tenantId, kept]);
    return /^head-cut: heads? \d+ (was|to \d+ were) anchored/m;
  },

  async 'drop a stream'({ owner, mine }, { pick }) {
    const { stream, tenantId } = pick(mine);
    await owner.query('delete from parley.events where tenant_id = $1 and stream = $2', [tenantId, stream]);
    return saying('missing', mine, mine.find((fact) => fact.stream === stream)!);
  },

  async 'drop a stream, and chain anew'({ owner, mine }, { pick }) {
    const { stream, tenantId } = pick(mine);
    await owner.query('delete from parley.events where tenant_id = $1 and stream = $2', [tenantId, stream]);
    await chainAnew(owner, tenantId);
    return /^(facts-differ|chain-differs): .*head \d+/m;
  },

  async 'change the time'({ owner, mine }, { pick, below }) {
    const fact = pick(mine);
    await set(owner, fact, 'recorded_at = $2', new Date(fact.recordedAt.getTime() + (below(2) ? 1 : -1) * (1 + below(1_000_000))));
    return saying('changed', mine, fact);
  },

  async 'change the metadata'({ owner, mine }, { pick }) {
    const fact = pick(mine);
    await set(owner, fact, 'meta = $2', JSON.stringify({ ...(JSON.parse(fact.meta) as object), actor: { id: randomUUID(), kind: 'person', role: 'auditor' } }));
    return saying('changed', mine, fact);
  },

  async 'give a fact another id'({ owner, mine }, { pick }) {
    const fact = pick(mine);
    await set(owner, fact, 'event_id = $2', randomUUID());
    return saying('missing', mine, fact);
  },

  async 'change a fact, and chain anew without the key'({ owner, mine }, { pick }) {
    const fact = pick(mine);
    await set(owner, fact, 'data = $2', '{"text":"never said"}');
    await chainAnew(owner, fact.tenantId);
    return /^chain-differs: the facts up to \d+ are not those that head \d+ signed/m;
  },

  async 'change a fact, chain anew, and write the heads anew'({ owner, mine }, { pick }) {
    const fact = pick(mine);
    await set(owner, fact, 'data = $2', '{"text":"never said"}');
    await chainAnew(owner, fact.tenantId);
    await owner.query(
      `update audit.heads head set payload = regexp_replace(payload, '"link":"[0-9a-f]+"', '"link":"' || encode(link.hash, 'hex') || '"')
       from audit.links link where head.tenant_id = $1 and link.tenant_id = $1 and link.number = head.facts`,
      [fact.tenantId],
    );
    return /^head-forged: head \d+ was changed, or made without the key/m;
  },

  async 'give a fact to another tenant'({ owner, mine, theirs }, { pick }) {
    const fact = pick(mine);
    await set(owner, fact, 'tenant_id = $2', theirs[0]!.tenantId);
    return new RegExp(`${saying('missing', mine, fact).source}.*no longer this tenant`, 'm');
  },

  async 'swap the facts of two tenants'({ owner, mine, theirs }, { pick }) {
    const [one, other] = [pick(mine), pick(theirs)];
    await set(owner, one, 'tenant_id = $2', other.tenantId);
    await set(owner, other, 'tenant_id = $2', one.tenantId);
    return saying('missing', mine, one);
  },

  async 'swap what the facts of two tenants say'({ owner, mine, theirs }, { pick }) {
    const [one, other] = [pick(mine), pick(theirs)];
    await set(owner, one, 'data = $2, meta = $3', other.data, other.meta);
    await set(owner, other, 'data = $2, meta = $3', one.data, one.meta);
    return saying('changed', mine, one);
  },

  async 'take a head away'({ owner, mine }, { below }) {
    const { rows } = await owner.query<{ head: number }>('select head from audit.heads where tenant_id = $1 order by head', [mine[0]!.tenantId]);
    const { head } = rows[below(rows.length)]!;
    await owner.query('delete from audit.heads where tenant_id = $1 and head = $2', [mine[0]!.tenantId, head]);
    return new RegExp(head === rows.at(-1)!.head ? `^head-cut: head ${head} was anchored` : `^head-missing: heads are missing: after head ${head - 1} comes head ${head + 1}`, 'm');
  },

  async 'change a link'({ owner, mine }, { pick }) {
    const fact = pick(mine);
    await owner.query("update audit.links set hash = set_byte(hash, 0, get_byte(hash, 0) # 1) where tenant_id = $1 and event_id = $2", [fact.tenantId, fact.eventId]);
    return saying('changed', mine, fact);
  },

  async 'take a link away'({ owner, mine }, { pick }) {
    const fact = pick(mine);
    await owner.query('delete from audit.links where tenant_id = $1 and event_id = $2', [fact.tenantId, fact.eventId]);
    return new RegExp(`^link-missing: the chain has no link ${numberIn(mine, fact)}:|^(facts-differ|chain-differs): |^inserted: .*${fact.eventId}`, 'm');
  },
};
