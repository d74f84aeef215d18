import { linkOf, START, verifyBundle } from '#parley-verify';
import { ChainReads } from '@parley/audit/chain/chain-reads.js';
import { contentOf } from '@parley/audit/chain/chained-fact.js';
import { Archive, SetClock } from './archive.js';

const [tenantA, tenantB] = [crypto.randomUUID(), crypto.randomUUID()];
const clock = new SetClock();

let archive: Archive;
beforeAll(async () => (archive = await Archive.open({ clock })));
afterAll(() => archive.shut());

const reads = () => new ChainReads(archive.databases);
const verified = (text: string) => verifyBundle(text.split('\n'), { trusted: new Set([archive.key.keyId]) });

describe('the chain', () => {
  it('has a link for each fact of a tenant, in the order of the log, each over the one before', async () => {
    await archive.record(tenantA, 'one', ['a', 'b']);
    await archive.record(tenantB, 'one', ['x']);
    await archive.record(tenantA, 'two', ['c']);
    await archive.close(tenantA);
    const facts = (await archive.store.readAll(0n, 100)).filter(({ tenantId }) => tenantId === tenantA);
    let previous = START;
    const expected = facts.map((fact, index) => (previous = linkOf(previous, tenantA, index + 1, contentOf(fact))));
    expect((await reads().links(tenantA, 0, 10)).map(({ hash }) => hash)).toEqual(expected);
  });

  it('is whole, and says how far it was signed', async () => {
    await archive.record(tenantA, 'one', ['d']);
    await archive.until(async () => (await reads().end(tenantA))?.facts === 4);
    const { report } = await archive.check(tenantA);
    expect(report).toMatchObject({ findings: [], facts: 4, streams: 2, heads: 1, unsigned: 1, unchained: 0, keyIds: [archive.key.keyId] });
    await archive.close(tenantA);
    expect((await archive.check(tenantA)).report).toMatchObject({ findings: [], facts: 4, heads: 2, unsigned: 0 });
  });

  it('gives a bundle that a stranger verifies', async () => {
    const text = await archive.bundle(tenantA);
    expect(await verified(text)).toMatchObject({ tenantId: tenantA, findings: [], facts: 4, streams: 2, heads: 3 });
    expect(await verified(await archive.bundle(tenantB))).toMatchObject({ tenantId: tenantB, findings: [], facts: 1 });
  });

  it('is signed at the end of each day that brought facts, and of no other', async () => {
    const heads = async () => (await reads().heads(tenantA, 0, 100)).length;
    const before = await heads();
    clock.time = new Date(Date.now() + 86_400_000);
    await archive.record(tenantA, 'one', ['e']);
    await archive.until(async () => (await heads()) === before + 1);
    clock.time = new Date(Date.now() + 2 * 86_400_000);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await heads()).toBe(before + 1);
  });

  it('is built by one process, and another takes over when that one ends', async () => {
    const second = archive.keep();
    await archive.until(async () => (await second.health()).details['state'] === 'waiting');
    const holder = `select pid from pg_locks join pg_database on pg_database.oid = pg_locks.database
      where datname = current_database() and locktype = 'advisory' and granted and objid::int8 = hashtext('parley.audit.chain')::int8 & 4294967295`;
    const [first] = (await archive.databases.owner.query<{ pid: number }>(holder)).rows;
    await archive.databases.owner.query('select pg_terminate_backend($1)', [first!.pid]);
    await archive.record(tenantA, 'one', ['f', 'g']);
    const text = await archive.bundle(tenantA);
    expect(await verified(text)).toMatchObject({ findings: [], facts: 7 });
  });

  it('is made anew for a log that was set back, whose heads then tell what is gone', async () => {
    const gone = crypto.randomUUID();
    await archive.record(gone, 'one', ['a', 'b', 'c']);
    await archive.close(gone);
    await archive.stopKeeping();
    await archive.databases.owner.query('update parley.store set epoch = epoch + 1; delete from parley.events where tenant_id = $1 and revision = 2'.replace('$1', `'${gone}'`));
    Object.assign(archive.store.identity, { epoch: archive.store.identity.epoch + 1 });
    archive.keep();
    await archive.until(async () => (await reads().end(gone))?.facts === 2);
    expect((await archive.check(gone)).report.findings).toEqual([expect.objectContaining({ code: 'facts-differ', sentence: 'head 1 counts 3 facts in 1 streams; here are 2 in 1.' })]);
    expect((await archive.check(tenantA)).report.findings).toEqual([]);
  });
});
